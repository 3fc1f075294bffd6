// SPDX-License-Identifier: GPL-2.0-or-later
#include "ssh/ssh-script.h"

#include <string.h>

#include "base/text.h"

/* The script stands between two single quotes, so it has none in it. It may use "read" for the
 * line, because that reads one byte at a time and leaves the command's own stdin alone. In turn:
 *   - sshd makes each command the leader of a process group; other servers, and sudo, need not
 *   - env would take a program's name with a "=" for a variable; nice does nothing but run it */
#define SCRIPT                                                                                     \
  "IFS= read -r l || exit 1\n"                                                                     \
  "n=\"\n\"\n"                                                                                     \
  "eval \"$l\"\n"                                                                                  \
  "case $1 in *=*) set -- nice -n 0 \"$@\" ;; esac\n"                                              \
  "read -r p c s q g r < /proc/$$/stat\n"                                                          \
  "[ \"$g\" = $$ ] || set -- setsid \"$@\"\n"                                                      \
  "for v in LANG LANGUAGE LC_ALL LC_ADDRESS LC_COLLATE LC_CTYPE LC_IDENTIFICATION LC_MEASUREMENT " \
  "LC_MESSAGES LC_MONETARY LC_NAME LC_NUMERIC LC_PAPER LC_TELEPHONE LC_TIME; do\n"                 \
  "eval \"w=\\${$v-}\"\n"                                                                          \
  "[ -z \"$w\" ] || set -- \"$v=$w\" \"$@\"\n"                                                     \
  "done\n"                                                                                         \
  "cd /\n"                                                                                         \
  "umask 022\n"                                                                                    \
  "printf \"\\001vq %d\\n\" $$\n"                                                                  \
  "printf \"\\001vq %d\\n\" $$ >&2\n"                                                              \
  "exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "                 \
  "HOME=\"${HOME:-/root}\" USER=root LOGNAME=root SHELL=/bin/sh \"$@\"\n"

#define MARK "\001vq "
#define MARK_LENGTH (sizeof MARK - 1)
#define DIGITS_MAX 10

/* A longer line is read with head -c, because the shell's "read" is slow: it reads byte by byte. */
#define LINE_MAX_LENGTH 4096

#define NOISE_SHOWN 300

const char *
vq_ssh_script_get (gboolean as_user)
{
  return as_user ? "exec sudo -n /bin/sh -c '" SCRIPT "'" : "exec /bin/sh -c '" SCRIPT "'";
}

/* Quotes WORD with single quotes, except for the single quotes and newlines in it. */
static void
append_quoted (GString *line, const char *word)
{
  g_string_append_c (line, '\'');
  for (; *word != '\0'; word++)
    if (*word == '\'')
      g_string_append (line, "'\\''");
    else if (*word == '\n')
      g_string_append (line, "'\"$n\"'");
    else
      g_string_append_c (line, *word);
  g_string_append_c (line, '\'');
}

GBytes *
vq_ssh_script_begin (const char *const *argv)
{
  GString *line = g_string_new ("set --");

  for (; *argv != NULL; argv++)
    {
      g_string_append_c (line, ' ');
      append_quoted (line, *argv);
    }
  if (line->len > LINE_MAX_LENGTH)
    {
      g_autofree char *first = g_strdup_printf ("eval \"$(head -c %zu)\"\n", line->len);

      g_string_prepend (line, first);
    }
  else
    g_string_append_c (line, '\n');
  return g_string_free_to_bytes (line);
}

/* The number after the mark, which starts at TEXT, or 0 if it is incomplete or not a number. *END
 * is where the command's own bytes begin. */
static guint
parse_mark (const guint8 *text, gsize n, gsize *end)
{
  guint64 pid = 0;
  gsize at;

  for (at = MARK_LENGTH; at < n && at <= MARK_LENGTH + DIGITS_MAX; at++)
    {
      if (text[at] == '\n')
        {
          *end = at + 1;
          return pid <= G_MAXINT ? pid : 0;
        }
      if (!g_ascii_isdigit (text[at]))
        return 0;
      pid = pid * 10 + (text[at] - '0');
    }
  return 0;
}

static gboolean
find_mark (VqSshMark *mark, gsize *end)
{
  const guint8 *start = mark->noise->data;
  const guint8 *at = start;
  gsize n = mark->noise->len;

  while ((at = memmem (at, n - (at - start), MARK, MARK_LENGTH)) != NULL)
    {
      mark->pid = parse_mark (at, n - (at - start), end);
      if (mark->pid > 1)
        {
          *end += at - start;
          return TRUE;
        }
      at++;
    }
  return FALSE;
}

gsize
vq_ssh_script_mark_look (VqSshMark *mark, const guint8 *bytes, gsize n)
{
  gsize end = 0;
  gsize taken;
  gsize left;

  if (mark->found || n == 0)
    return n;
  if (mark->noise == NULL)
    mark->noise = g_byte_array_new ();
  taken = MIN (n, VQ_SSH_NOISE_MAX + 1 - mark->noise->len);
  g_byte_array_append (mark->noise, bytes, taken);
  if (!find_mark (mark, &end))
    return 0;
  left = mark->noise->len - end + n - taken;
  mark->found = TRUE;
  g_clear_pointer (&mark->noise, g_byte_array_unref);
  return left;
}

gboolean
vq_ssh_script_mark_is_lost (const VqSshMark *mark)
{
  return !mark->found && mark->noise != NULL && mark->noise->len > VQ_SSH_NOISE_MAX;
}

char *
vq_ssh_script_mark_get_noise (const VqSshMark *mark)
{
  const char *text = mark->noise != NULL ? (const char *)mark->noise->data : "";
  gsize end = mark->noise != NULL ? mark->noise->len : 0;
  gsize at;

  while (end > 0 && g_ascii_isspace (text[end - 1]))
    end--;
  for (at = end; at > 0 && text[at - 1] != '\n'; at--)
    ;
  return vq_text_printable (text + at, end - at, NOISE_SHOWN);
}

void
vq_ssh_script_mark_clear (VqSshMark *mark)
{
  g_clear_pointer (&mark->noise, g_byte_array_unref);
}
