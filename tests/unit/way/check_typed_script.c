// SPDX-License-Identifier: GPL-2.0-or-later
#include "way/typed-script.h"

#include <check.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/wait.h>

#include "suite.h"
#include "tree.h"

#define NONCE "0123456789abcdef"

static char *directory;

static void
setup (void)
{
  directory = g_dir_make_tmp ("check-typed-script-XXXXXX", NULL);
}

static void
teardown (void)
{
  tree_remove (directory);
  g_clear_pointer (&directory, g_free);
}

/* Feeds LINES to SHELL; what it prints. */
static char *
feed (const char *shell, const char *lines)
{
  g_autofree char *path = g_build_filename (directory, "lines", NULL);
  g_autofree char *command = g_strdup_printf ("exec %s <%s 2>&1", shell, path);
  const char *argv[] = { "/bin/sh", "-c", command, NULL };
  char *out = NULL;

  ck_assert (g_file_set_contents (path, lines, -1, NULL));
  ck_assert (g_spawn_sync (directory, (char **)argv, NULL, 0, NULL, NULL, &out, NULL, NULL, NULL));
  return out;
}

/* Runs SCRIPT as typed; its status, with what it said before that in *SAID (may be NULL). */
static int
run (const char *shell, const char *script, char **said)
{
  g_autofree char *lines = vq_typed_script_new (script, NONCE);
  g_autofree char *out = feed (shell, lines);
  const char *start = vq_typed_script_skip_to_start (out, NONCE);
  gint64 number = 12345;
  const char *end = vq_typed_script_find_number (start, NONCE, &number);

  ck_assert_ptr_ne (start, out);
  ck_assert_msg (end != NULL, "no number in \"%s\"", out);
  if (said != NULL)
    *said = g_strndup (start, end - start);
  return number;
}

static const char *const shells[] = { "/bin/sh", "dash", "bash", "bash --posix" };

CASE ("shells", setup, teardown, 60)

TEST_LOOP (statuses, 0, G_N_ELEMENTS (shells))
{
  static const struct
  {
    const char *script;
    int status;
  } table[] = {
    { "", 0 },
    { "true", 0 },
    { "false\n", 1 },
    { "exit 77", 77 },
    { "exit 255", 255 },
    { "kill -9 $$", 137 },
    { "set -e; false; exit 4", 1 },
    { "-x", 127 },
    { "if", 2 },
    { "cat; read line", 1 },
    { "[ $0 = sh ] && [ $# = 0 ]", 0 },
    { "[ \"$PATH\" = /usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin ]", 0 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    {
      int status = run (shells[_i], table[i].script, NULL);

      ck_assert_msg (status == table[i].status, "%s: %s: %d", shells[_i], table[i].script, status);
    }
}

TEST_LOOP (outputs, 0, G_N_ELEMENTS (shells))
{
  g_autofree char *said = NULL;

  ck_assert_int_eq (run (shells[_i], "echo no; echo yes >&2; exit 3", &said), 3);
  ck_assert_str_eq (said, "\nyes\n");
}

/* Each byte arrives as it is, wherever it stands. */
TEST_LOOP (all_bytes, 0, G_N_ELEMENTS (shells))
{
  for (guint shift = 0; shift < 3; shift++)
    {
      g_autoptr (GString) data = g_string_new (NULL);
      g_autofree char *script = NULL;
      g_autofree char *out = NULL;

      for (guint i = 0; i < 255 * 9; i++)
        if ((i + shift) % 255 + 1 != '\'')
          g_string_append_c (data, (i + shift) % 255 + 1);
      script = g_strdup_printf ("printf %%s '%s' >&2", data->str);
      ck_assert_int_eq (run (shells[_i], script, &out), 0);
      ck_assert_mem_eq (out + 1, data->str, data->len);
      ck_assert_uint_eq (strlen (out), data->len + 1);
    }
}

static void
assert_typable (const char *lines)
{
  g_auto (GStrv) all = g_strsplit (lines, "\n", -1);

  for (char **line = all; *line != NULL; line++)
    {
      ck_assert_uint_le (strlen (*line), 1000);
      for (const char *p = *line; *p != '\0'; p++)
        ck_assert (g_ascii_isprint (*p) && *p != '!');
    }
}

/* No line is long, or has what a terminal takes for itself; each of them leaves the shell as ready
 * for the next command as before. */
TEST (lines)
{
  g_autoptr (GString) script = g_string_new (NULL);
  g_autofree char *text = NULL;
  g_auto (GStrv) all = NULL;

  for (guint i = 0; i < 5000; i++)
    g_string_append_c (script, i % 255 + 1);
  text = vq_typed_script_new (script->str, NONCE);
  assert_typable (text);
  ck_assert (g_str_has_suffix (text, "\n"));
  all = g_strsplit (text, "\n", -1);
  for (char **line = all; *line != NULL; line++)
    {
      g_autofree char *alone = g_strdup_printf ("%s\necho next\n", *line);
      g_autofree char *out = feed ("/bin/sh", alone);

      ck_assert_msg (g_str_has_suffix (out, "\nnext\n") || g_str_equal (out, "next\n"),
                     "%s after %s", out, *line);
    }
}

/* What the lines print can be told from the lines themselves, which are echoed. */
TEST (echo_is_no_answer)
{
  g_autofree char *text = vq_typed_script_new ("true", NONCE);
  gint64 number;

  ck_assert_ptr_eq (vq_typed_script_skip_to_start (text, NONCE), text);
  ck_assert_ptr_null (vq_typed_script_find_number (text, NONCE, &number));
}

TEST (a_part_is_missing)
{
  g_autofree char *text = vq_typed_script_new ("echo something >&2; exit 5", NONCE);
  g_autofree char *out = NULL;
  gint64 number;

  memcpy (strstr (text, "some"), ";   ", 4);
  out = feed ("/bin/sh", text);
  ck_assert_ptr_nonnull (vq_typed_script_find_number (out, NONCE, &number));
  ck_assert_int_eq (number, 5); /* only what is missing is noticed */
  g_free (out);
  memmove (strstr (text, "thing"), strstr (text, "hing"), strlen (strstr (text, "hing")) + 1);
  out = feed ("/bin/sh", text);
  ck_assert_ptr_nonnull (vq_typed_script_find_number (out, NONCE, &number));
  ck_assert_int_eq (number, VQ_TYPED_SCRIPT_DAMAGED);
  ck_assert_ptr_null (strstr (out, "hing\n"));
}

TEST (numbers)
{
  static const struct
  {
    const char *text;
    gint64 number;
    gboolean found;
  } table[] = {
    { "vq=7=" NONCE, 7, TRUE },
    { "# vq=0=" NONCE "\r\n# ", 0, TRUE },
    { "vq=4294967295=" NONCE, 4294967295, TRUE },
    { "vq==" NONCE, -1, TRUE },
    { "vq=1=0 vq=vq=2=" NONCE, 2, TRUE },
    { "vq=99999999999=" NONCE, 0, FALSE },
    { "vq=-1=" NONCE, 0, FALSE },
    { "vq=1=0123456789abcde", 0, FALSE },
    { "vq=1", 0, FALSE },
    { "vq=", 0, FALSE },
    { "", 0, FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    {
      gint64 number = 0;

      ck_assert ((vq_typed_script_find_number (table[i].text, NONCE, &number) != NULL)
                 == table[i].found);
      ck_assert_int_eq (number, table[i].number);
    }
}
