// SPDX-License-Identifier: GPL-2.0-or-later
#include "way/boot-trouble.h"

#include <string.h>

#include "way/login-prompt.h"
#include "base/text.h"

#define LINE_MAX_BYTES 1000
#define DETAIL_MAX 150

#define TRY_EFI "the BIOS finds nothing to boot: does the image need --boot=efi?"
#define TRY_BIOS "the EFI firmware finds nothing to boot: does the image need --boot=bios?"
#define WAITS "systemd was seen to wait for a job that may never end"
#define KERNEL_PANIC "Kernel panic - not syncing: "
#define EMERGENCY "the guest is in emergency mode: something that it needs did not start"

/* In order of precedence: what explains more comes first. WORDS are searched for in any line, or
 * must be the beginning of the last line. If DETAIL is not NULL, the text that follows it, in the
 * last line that holds it, is added to the reason. */
static const struct
{
  const char *words;
  enum
  {
    ANY_LINE,
    LAST_LINE,
  } where;
  gboolean final;
  const char *reason;
  const char *detail;
} troubles[] = {
  { "Unable to mount root fs", ANY_LINE, TRUE,
    "the guest's kernel finds no root file system: is its initrd missing, or root= wrong?", NULL },
  /* The kernel says this when it does not reboot after a panic. */
  { "end " KERNEL_PANIC, ANY_LINE, TRUE, "the guest's kernel panicked", KERNEL_PANIC },
  { KERNEL_PANIC, ANY_LINE, FALSE, "the guest's kernel panicked", KERNEL_PANIC },
  { "(initramfs)", LAST_LINE, TRUE, "the guest's initramfs cannot go on and waits at its prompt",
    "ALERT!" },
  { "You are in emergency mode", ANY_LINE, TRUE, EMERGENCY, "Failed to " },
  { "Give root password for maintenance", ANY_LINE, TRUE, EMERGENCY, "Failed to " },
  { "Press Enter for maintenance", ANY_LINE, TRUE, EMERGENCY, "Failed to " },
  { "Cannot open access to console, the root account is locked", ANY_LINE, TRUE, EMERGENCY,
    "Failed to " },
  { "Entering emergency mode", ANY_LINE, TRUE, EMERGENCY, "Failed to " },
  { "grub rescue>", LAST_LINE, TRUE, "GRUB cannot find its files and waits at its rescue prompt",
    "error: " },
  { "grub>", LAST_LINE, TRUE, "GRUB finds no configuration and waits at its prompt", "error: " },
  { "No bootable device", ANY_LINE, TRUE, TRY_EFI, NULL },
  { "not a bootable disk", ANY_LINE, FALSE, TRY_EFI, NULL },
  { "No bootable option or device was found", ANY_LINE, TRUE, TRY_BIOS, NULL },
  { "Shell>", LAST_LINE, TRUE, TRY_BIOS, NULL },
  { "UEFI Interactive Shell", ANY_LINE, FALSE, TRY_BIOS, NULL },
  { "BdsDxe: failed to load", ANY_LINE, FALSE, TRY_BIOS, NULL },
  { "Please unlock disk", LAST_LINE, FALSE, "the guest asks for the passphrase of its disk", NULL },
  { "Enter passphrase for", LAST_LINE, FALSE, "the guest asks for the passphrase of its disk",
    NULL },
  { "Please enter passphrase", LAST_LINE, FALSE, "the guest asks for the passphrase of its disk",
    NULL },
  { "-- Press any key to proceed --", LAST_LINE, FALSE,
    "the guest's systemd-firstboot waits for a key: add \"systemd.firstboot=no\" to its kernel's "
    "command line",
    NULL },
  { "A start job is running for ", ANY_LINE, FALSE, WAITS, "A start job is running for " },
  { "/start running (", ANY_LINE, FALSE, WAITS, "Job " },
};

/* CONSOLE as valid UTF-8, with line ends instead of bars, and without escape sequences, even if
 * their ESC has been lost. */
static char *
clean (const char *console)
{
  g_autoptr (GRegex) escapes = g_regex_new ("\\033?\\[[0-9;?]+[A-Za-z]", 0, 0, NULL);
  g_autofree char *valid = g_utf8_make_valid (console, -1);
  g_autofree char *plain = g_regex_replace_literal (escapes, valid, -1, 0, "", 0, NULL);
  g_auto (GStrv) lines = g_strsplit (plain, " | ", -1);

  return g_strjoinv ("\n", lines);
}

/* The text after the last of these words, which show that the guest got over everything before. */
static const char *
skip_what_is_over (const char *text)
{
  static const char *const words[]
      = { "reboot: Restarting system", "BdsDxe: starting ", "Loading Linux ", "Linux version " };
  const char *rest = text;

  for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
    for (const char *found; (found = strstr (rest, words[i])) != NULL;)
      rest = found + strlen (words[i]);
  return rest;
}

/* The lines as a person sees them, without blank ones. */
static GPtrArray *
split (const char *text)
{
  GPtrArray *lines = g_ptr_array_new_with_free_func (g_free);
  g_auto (GStrv) pieces = g_strsplit_set (text, "\r\n", -1);

  for (char **piece = pieces; *piece != NULL; piece++)
    {
      g_autofree char *line
          = vq_text_printable (*piece, MIN (strlen (*piece), LINE_MAX_BYTES), G_MAXSIZE);

      if (line[0] != '\0')
        g_ptr_array_add (lines, g_steal_pointer (&line));
    }
  return lines;
}

/* The last line that contains WORDS, or NULL. */
static const char *
find_line (GPtrArray *lines, const char *words)
{
  for (guint i = lines->len; i > 0; i--)
    if (strstr (lines->pdata[i - 1], words) != NULL)
      return lines->pdata[i - 1];
  return NULL;
}

static gboolean
applies (GPtrArray *lines, gsize i)
{
  if (troubles[i].where == LAST_LINE)
    return g_str_has_prefix (lines->pdata[lines->len - 1], troubles[i].words);
  return find_line (lines, troubles[i].words) != NULL;
}

static char *
explain (GPtrArray *lines, gsize i)
{
  const char *detail = troubles[i].detail;
  const char *line = detail != NULL ? find_line (lines, detail) : NULL;
  g_autofree char *words = NULL;
  char *tail;

  if (line == NULL)
    return g_strdup (troubles[i].reason);
  line = strstr (line, detail);
  words = g_strdup (strchr (detail, ':') != NULL ? line + strlen (detail) : line);
  if ((tail = strstr (words, " ]---")) != NULL)
    *tail = '\0'; /* the kernel repeats the message at the end of its trace */
  if (strlen (words) > DETAIL_MAX)
    *g_utf8_find_prev_char (words, words + DETAIL_MAX) = '\0';
  return g_strdup_printf ("%s (%s)", troubles[i].reason, g_strstrip (words));
}

static char *
find_in_lines (GPtrArray *lines, gboolean *final)
{
  for (gsize i = 0; i < G_N_ELEMENTS (troubles); i++)
    if (applies (lines, i))
      {
        *final = troubles[i].final;
        return explain (lines, i);
      }
  return NULL;
}

char *
vq_boot_trouble_find (const char *console, gboolean *final)
{
  g_autofree char *text = clean (console);
  const char *rest = skip_what_is_over (text);
  g_autoptr (GPtrArray) lines = split (rest);
  gboolean ignored;

  if (final == NULL)
    final = &ignored;
  *final = FALSE;
  if (lines->len == 0)
    return NULL;
  if (vq_login_prompt_find (rest, &ignored) == VQ_LOGIN_PROMPT_NAME
      && strstr (rest, KERNEL_PANIC) == NULL)
    return NULL; /* the system has booted */
  return find_in_lines (lines, final);
}
