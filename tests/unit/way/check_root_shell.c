// SPDX-License-Identifier: GPL-2.0-or-later
#include "way/root-shell.h"

#include <check.h>
#include <string.h>

#include "base/error.h"
#include "root-shell-setup.h"
#include "suite.h"

static guint
count (const char *text, const char *word)
{
  guint n = 0;

  while ((text = strstr (text, word)) != NULL)
    {
      n++;
      text++;
    }
  return n;
}

static gboolean
was_asked_twice (gpointer data)
{
  return count (fake_terminal_sent (shell_guest.terminal), "echo vq=$((0))=") >= 2;
}

/* "/" in the command: the shell gets a prompt and a terminal with all that bash knows. */
static const char *const shells[] = { "sh", "dash -i", "bash --norc", "/bin/bash --norc" };

CASE ("loops", root_shell_setup, root_shell_teardown, 120)

TEST_LOOP (any_shell, 0, G_N_ELEMENTS (shells))
{
  serial_guest_start (&shell_guest, shells[_i], TRUE);
  assert_probe ();
  assert_run ("true");
  assert_run_fails ("exit 3", "exit status 3: its stderr is empty");
  assert_run_fails ("echo first >&2; echo second >&2; echo third; exit 255",
                    "exit status 255: second");
  assert_run_fails ("printf 'no\\033[1m newline' >&2; exit 127", "exit status 127: no newline");
  assert_run_is_killed ();
}

/* A script that has all bytes in it and makes a file of them. */
static char *
all_bytes (gsize n, GString *data)
{
  g_string_truncate (data, 0);
  for (gsize i = 0; data->len < n; i++)
    if (i % 255 + 1 != '\'')
      g_string_append_c (data, i % 255 + 1);
  return g_strdup_printf ("printf %%s '%s' >%s/out\n", data->str, shell_guest.directory);
}

static void
assert_out (GString *data)
{
  g_autofree char *path = g_build_filename (shell_guest.directory, "out", NULL);
  g_autofree char *out = NULL;
  gsize n = 0;

  ck_assert (g_file_get_contents (path, &out, &n, NULL));
  ck_assert_uint_eq (n, data->len);
  ck_assert_mem_eq (out, data->str, n);
}

TEST_LOOP (any_bytes, 0, G_N_ELEMENTS (shells))
{
  static const gsize sizes[] = { 1, 890, 900, 910, 4096, 25000 };
  g_autoptr (GString) data = g_string_new (NULL);

  serial_guest_start (&shell_guest, shells[_i], TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autofree char *script = all_bytes (sizes[i] / 3 + 1, data);

      assert_run (script);
      assert_out (data);
    }
}

TEST (longest_script)
{
  g_autofree char *comment = g_strnfill (VQ_ROOT_SHELL_SCRIPT_MAX - 8, '\001');
  g_autofree char *script = g_strdup_printf ("#%s\nexit 7", comment);

  ck_assert_uint_eq (strlen (script), VQ_ROOT_SHELL_SCRIPT_MAX);
  serial_guest_start (&shell_guest, "sh", TRUE);
  assert_run_fails (script, "exit status 7: its stderr is empty");
}

/* Nobody is there for some time, and what is sent then is lost. */
TEST (late_shell)
{
  vq_root_shell_start (shell);
  ck_assert (!vq_root_shell_is_settled (shell));
  ck_assert (vq_wait_until (was_asked_twice, NULL, serial_guest_soon (), NULL, "questions", NULL));
  ck_assert (!vq_root_shell_is_settled (shell));
  serial_guest_start (&shell_guest, "sh", TRUE);
  ck_assert (
      vq_wait_until (vq_root_shell_is_settled, shell, serial_guest_soon (), NULL, "a shell", NULL));
  assert_probe ();
  assert_run ("true");
}

/* The terminal keeps the questions until somebody reads it. All of them are answered then, and the
 * late answers are nobody else's. */
TEST (late_answers)
{
  serial_guest_write_program (&shell_guest, "later",
                              "#!/bin/sh\nwhile [ ! -e $0.go ]; do sleep 0.1; done\nexec sh\n");
  serial_guest_start (&shell_guest, "sh -c later", TRUE);
  vq_root_shell_start (shell);
  fake_terminal_expect (shell_guest.terminal, "vq=");
  ck_assert (vq_wait_until (was_asked_twice, NULL, serial_guest_soon (), NULL, "questions", NULL));
  serial_guest_write_program (&shell_guest, "later.go", "");
  assert_run_fails ("exit 9", "exit status 9: its stderr is empty");
  assert_run ("true");
}

/* Only what a shell calculates is an answer, and each question is asked once if it is answered. */
TEST (asks_no_more_than_needed)
{
  serial_guest_start (&shell_guest, "sh", TRUE);
  fake_terminal_expect (shell_guest.terminal, "# ");
  assert_probe ();
  assert_probe ();
  (void)!vq_wait_pause (1500, NULL, NULL);
  ck_assert_uint_eq (count (fake_terminal_sent (shell_guest.terminal), "echo vq="), 2);
  for (const char *p = fake_terminal_sent (shell_guest.terminal); *p != '\0'; p++)
    ck_assert (*p != '\004'); /* would end the shell */
}

TEST (split_output)
{
  fake_terminal_split (shell_guest.terminal, 1);
  serial_guest_start (&shell_guest, "/bin/bash --norc", TRUE);
  assert_run_fails ("echo why >&2; exit 2", "exit status 2: why");
}

TEST (not_root)
{
  g_autoptr (GError) error = NULL;

  serial_guest_write_program (&shell_guest, "id", "#!/bin/sh\necho 1000\n");
  serial_guest_start (&shell_guest, "sh", TRUE);
  ck_assert (!vq_root_shell_run (shell, "true", serial_guest_soon (), NULL, &error));
  ck_assert (g_error_matches (error, VQ_ERROR, VQ_ERROR_PEER));
  ck_assert_str_eq (error->message, "the shell is not root's, but that of user id 1000");
  ck_assert_int_eq (vq_root_shell_get_uid (shell), 1000);
}

/* Nothing is typed into a login, and no name into one that shows itself only then. */
TEST (a_login)
{
  static const char *const prompts[] = { "\r\nDebian\r\n\r\nhost login: ", "Password: " };

  for (guint i = 0; i < G_N_ELEMENTS (prompts); i++)
    {
      g_autoptr (GError) error = NULL;

      fake_terminal_say (shell_guest.terminal, prompts[i], strlen (prompts[i]));
      if (i == 0)
        (void)!vq_wait_pause (50, NULL, NULL);
      ck_assert (!vq_root_shell_probe (shell, serial_guest_soon (), NULL, &error));
      ck_assert (g_str_has_prefix (error->message, "there is no shell, but a login (\""));
      ck_assert_uint_le (count (fake_terminal_sent (shell_guest.terminal), "echo"), i);
    }
}

TEST (nobody)
{
  g_autoptr (GError) error = NULL;

  ck_assert (!vq_root_shell_probe (shell, vq_deadline_in (MOMENT), NULL, &error));
  ck_assert (vq_error_is_timeout (error));
  ck_assert (g_str_has_prefix (error->message, "no answer of a shell within"));
  g_clear_error (&error);
  fake_terminal_say (shell_guest.terminal, "[    0.1] Linux\r\n", 17);
  ck_assert (!vq_root_shell_probe (shell, vq_deadline_in (MOMENT), NULL, &error));
  ck_assert (g_str_has_prefix (error->message, "the port last said \"[ 0.1] Linux\": no answer"));
}

/* Where the echo cannot be turned off, it is not taken for what the script says. */
TEST (echo_stays_on)
{
  serial_guest_write_program (&shell_guest, "stty", "#!/bin/sh\nexit 1\n");
  serial_guest_start (&shell_guest, "sh", TRUE);
  assert_run_fails ("echo why >&2; sleep 1.5; exit 2", "exit status 2: why");
  ck_assert_ptr_nonnull (strstr (fake_terminal_said (shell_guest.terminal), "echo vq=$vqs="));
}

static gboolean
was_made_visible (gpointer data)
{
  return strstr (fake_terminal_sent (shell_guest.terminal), "stty echo 2>/dev/null\n") != NULL;
}

/* The next one who comes finds the echo as it was. */
TEST (echo_comes_back)
{
  serial_guest_start (&shell_guest, "sh", TRUE);
  assert_run ("true");
  fake_terminal_type (shell_guest.terminal, "echo in''visible\n");
  fake_terminal_expect (shell_guest.terminal, "invisible");
  ck_assert_ptr_null (strstr (fake_terminal_said (shell_guest.terminal), "in''visible"));
  g_clear_pointer (&shell, vq_root_shell_free);
  ck_assert (vq_wait_until (was_made_visible, NULL, serial_guest_soon (), NULL, "stty", NULL));
  fake_terminal_type (shell_guest.terminal, "echo do''ne\n");
  fake_terminal_expect (shell_guest.terminal, "done");
  fake_terminal_type (shell_guest.terminal, "echo vi''sible\n");
  fake_terminal_expect (shell_guest.terminal, "echo vi''sible");
}

TEST (long_stderr)
{
  serial_guest_start (&shell_guest, "sh", TRUE);
  assert_run_fails ("yes n | head -n 100000 >&2; echo end >&2; exit 1", "exit status 1: end");
}

TEST (nothing_to_free)
{
  vq_root_shell_free (NULL);
  vq_serial_line_free (NULL);
}
