// SPDX-License-Identifier: GPL-2.0-or-later
#include "ssh/ssh-script.h"

#include <check.h>
#include <string.h>
#include <unistd.h>

#include "io/child.h"
#include "suite.h"

#define PATIENCE 30 /* seconds; for things that take none */

/* Gives TEXT in two parts, split at every byte. The result is always the same. */
static void
assert_found (const char *text, gsize n, guint pid, const char *rest)
{
  for (gsize at = 0; at <= n; at++)
    {
      VqSshMark mark = { 0 };
      g_autoptr (GString) got = g_string_new (NULL);
      const guint8 *bytes = (const guint8 *)text;
      gsize own = vq_ssh_script_mark_look (&mark, bytes, at);

      g_string_append_len (got, text + at - own, own);
      own = vq_ssh_script_mark_look (&mark, bytes + at, n - at);
      g_string_append_len (got, text + n - own, own);
      ck_assert (mark.found);
      ck_assert_uint_eq (mark.pid, pid);
      ck_assert_str_eq (got->str, rest);
      vq_ssh_script_mark_clear (&mark);
    }
}

CASE ("script", NULL, NULL, 60)

TEST (mark_is_found)
{
  static const struct
  {
    const char *text;
    guint pid;
    const char *rest;
  } cases[] = {
    { "\001vq 2\n", 2, "" },
    { "\001vq 2147483647\nout\n", 2147483647, "out\n" },
    { "noise\n\001vq 123\nout", 123, "out" },
    { "no newline\001vq 123\n\001vq 5\n", 123, "\001vq 5\n" },
    { "\001vq\001vq \001vq 1\n\001vq x\n\001vq 0\n\001vq 12345678901\n\001vq 77\nrest", 77,
      "rest" },
    { "\001vq 3000000000\n\001vq 8\n", 8, "" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    assert_found (cases[i].text, strlen (cases[i].text), cases[i].pid, cases[i].rest);
}

TEST (mark_is_not_there)
{
  static const char text[] = "\001vq 12 \001vq -3\n last  line \n\n";
  VqSshMark mark = { 0 };
  g_autofree char *noise = NULL;

  ck_assert_uint_eq (vq_ssh_script_mark_look (&mark, (const guint8 *)text, sizeof text - 1), 0);
  ck_assert (!mark.found);
  ck_assert (!vq_ssh_script_mark_is_lost (&mark));
  noise = vq_ssh_script_mark_get_noise (&mark);
  ck_assert_str_eq (noise, "last line");
  vq_ssh_script_mark_clear (&mark);
}

TEST (no_noise_at_all)
{
  VqSshMark mark = { 0 };
  g_autofree char *noise = vq_ssh_script_mark_get_noise (&mark);

  ck_assert_str_eq (noise, "");
  vq_ssh_script_mark_clear (&mark);
}

/* As much noise as is allowed, and one byte more. */
TEST (noise_is_bounded)
{
  g_autofree char *text = g_strnfill (VQ_SSH_NOISE_MAX, 'x');

  for (gsize piece = 16; piece <= VQ_SSH_NOISE_MAX; piece *= 16)
    {
      VqSshMark mark = { 0 };

      for (gsize at = 0; at < VQ_SSH_NOISE_MAX; at += piece)
        ck_assert_uint_eq (vq_ssh_script_mark_look (&mark, (const guint8 *)text, piece), 0);
      ck_assert (!vq_ssh_script_mark_is_lost (&mark));
      for (guint i = 0; i < 3; i++)
        ck_assert_uint_eq (vq_ssh_script_mark_look (&mark, (const guint8 *)text, piece), 0);
      ck_assert (vq_ssh_script_mark_is_lost (&mark));
      ck_assert_uint_eq (mark.noise->len, VQ_SSH_NOISE_MAX + 1);
      vq_ssh_script_mark_clear (&mark);
    }
}

/* Output of the command may come in the same piece as the mark. */
TEST (much_behind_the_mark)
{
  g_autofree char *text = g_strnfill (1000000, 'x');
  VqSshMark mark = { 0 };

  memcpy (text, "noise\001vq 12\n", 12);
  ck_assert_uint_eq (vq_ssh_script_mark_look (&mark, (const guint8 *)text, 1000000), 1000000 - 12);
  ck_assert_uint_eq (mark.pid, 12);
  vq_ssh_script_mark_clear (&mark);
}

/* The words are one line, unless they are too long for that. */
TEST (begin_is_one_line)
{
  static const struct
  {
    const char *argv[3];
    const char *line;
  } cases[] = {
    { { "true" }, "set -- 'true'\n" },
    { { "a b", "" }, "set -- 'a b' ''\n" },
    { { "it's", "\n" }, "set -- 'it'\\''s' ''\"$n\"''\n" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GBytes) begin = vq_ssh_script_begin (cases[i].argv);

      ck_assert_uint_eq (g_bytes_get_size (begin), strlen (cases[i].line));
      ck_assert_mem_eq (g_bytes_get_data (begin, NULL), cases[i].line, strlen (cases[i].line));
    }
}

TEST (begin_of_a_long_command)
{
  g_autofree char *word = g_strnfill (5000, 'x');
  const char *const argv[] = { "echo", word, NULL };
  g_autoptr (GBytes) begin = vq_ssh_script_begin (argv);
  const char *text = g_bytes_get_data (begin, NULL);
  static const char first[] = "eval \"$(head -c 5016)\"\n";

  ck_assert_uint_eq (g_bytes_get_size (begin), strlen (first) + 5016);
  ck_assert_mem_eq (text, first, strlen (first));
}

/* Runs the script with every shell on this machine, as sshd does, and as a server does that makes
 * no process group. The result is the same. */
static void
run_with (const char *shell, const char *wrapper)
{
  g_autofree char *all = g_malloc (256);
  const char *words[] = { "sh", "-c", "echo \"$PWD $(umask)\"; printf '%s.' \"$@\"; cat",
                          "sh", all,  "'",
                          "\n", "",   "\\",
                          "$n", NULL };
  g_autoptr (GBytes) begin = NULL;
  g_autofree char *input = NULL;
  g_autofree char *line = NULL;
  g_autofree char *path = NULL;
  g_autofree char *expected = NULL;
  g_autofree char *out = NULL;
  g_autoptr (GError) error = NULL;
  char *at;
  int fd = g_file_open_tmp ("vq-script-XXXXXX", &path, NULL);

  for (int i = 0; i < 255; i++)
    all[i] = (char)(i + 1);
  all[255] = '\0';
  begin = vq_ssh_script_begin (words);
  input = g_strdup_printf ("%.*sinput", (int)g_bytes_get_size (begin),
                           (const char *)g_bytes_get_data (begin, NULL));
  close (fd);
  ck_assert (g_file_set_contents (path, input, -1, NULL));
  line = g_strdup_printf ("cd /usr; umask 077; %s%s -c \"$VQ_SCRIPT\" < %s 2>/dev/null", wrapper,
                          shell, path);
  g_setenv ("VQ_SCRIPT", vq_ssh_script_get (FALSE), TRUE);
  {
    const char *const argv[] = { "sh", "-c", line, NULL };

    ck_assert_msg (vq_child_run (argv, NULL, &out, vq_deadline_in (PATIENCE), NULL, &error), "%s",
                   error != NULL ? error->message : "");
  }
  unlink (path);
  at = strchr (out, '\n');
  ck_assert (g_str_has_prefix (out, "\001vq ") && at != NULL);
  expected = g_strdup_printf ("/ 0022\n%s.'.\n..\\.$n.input", all);
  ck_assert_str_eq (at + 1, expected);
}

TEST (every_shell)
{
  static const char *const shells[] = { "dash", "bash", "sh", "busybox sh", "zsh", "ksh", "fish" };

  for (guint i = 0; i < G_N_ELEMENTS (shells); i++)
    {
      g_auto (GStrv) words = g_strsplit (shells[i], " ", 2);
      g_autofree char *path = g_find_program_in_path (words[0]);

      if (path == NULL)
        continue;
      run_with (shells[i], "");
      run_with (shells[i], "setsid -w ");
    }
}

/* The script fits into the ssh server's command line. */
TEST (script_has_no_single_quotes)
{
  const char *script = vq_ssh_script_get (FALSE);
  g_auto (GStrv) parts = g_strsplit (script, "'", -1);

  ck_assert_uint_eq (g_strv_length (parts), 3);
  ck_assert_str_eq (parts[0], "exec /bin/sh -c ");
  ck_assert_str_eq (parts[2], "");
  ck_assert (g_str_has_prefix (vq_ssh_script_get (TRUE), "exec sudo -n /bin/sh -c '"));
  ck_assert_str_eq (strchr (vq_ssh_script_get (TRUE), '\''), strchr (script, '\''));
}
