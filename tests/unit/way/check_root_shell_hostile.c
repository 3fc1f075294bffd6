// SPDX-License-Identifier: GPL-2.0-or-later
/* Guests that do not do what is expected of them, and people who were there before us. */
#include "way/root-shell.h"

#include <check.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "root-shell-setup.h"
#include "suite.h"

static const char *const leftovers[] = {
  "rm -rf /nonexistent/half-typ", "echo 'abc",         "echo 'abc\n", "echo \"abc\n",
  "echo \"abc\nit's\n",           "echo 'abc\nsay \"", "echo abc \\", "echo abc \\\n",
  "sleep 0.2; read x\n",          "\033[A\033[B\t\t",
};

CASE ("loops", root_shell_setup, root_shell_teardown, 120)

TEST_LOOP (left_over_input, 0, G_N_ELEMENTS (leftovers))
{
  serial_guest_start (&shell_guest, "sh", TRUE);
  fake_terminal_expect (shell_guest.terminal, "# ");
  fake_terminal_type (shell_guest.terminal, leftovers[_i]);
  assert_probe ();
  assert_run_fails ("exit 5", "exit status 5: its stderr is empty");
}

TEST_LOOP (half_typed_is_not_run, 0, 2)
{
  g_autofree char *path = g_build_filename (shell_guest.directory, "out", NULL);
  g_autofree char *half = g_strdup_printf ("echo ran >%s", path);

  serial_guest_start (&shell_guest, "sh", _i != 0);
  fake_terminal_expect (shell_guest.terminal, _i != 0 ? "# " : "");
  fake_terminal_type (shell_guest.terminal, half);
  assert_run ("true");
  ck_assert (!g_file_test (path, G_FILE_TEST_EXISTS));
}

TEST (left_over_output)
{
  g_autofree char *noise = g_strnfill (100000, '\007');

  fake_terminal_say (shell_guest.terminal, noise, 100000);
  fake_terminal_say (shell_guest.terminal, "vq=0=0123456789abcdef\r\nvq=\0\xff\xfe\033[vq=1=", 37);
  ck_assert (!vq_root_shell_probe (shell, vq_deadline_in (MOMENT), NULL, NULL));
  serial_guest_start (&shell_guest, "sh", TRUE);
  assert_probe ();
  assert_run ("true");
}

/* A message of the kernel in the middle of an answer: the question is asked again. */
TEST (disturbed_answers)
{
  serial_guest_write_program (&shell_guest, "loud",
                              "#!/bin/sh\nwhile read -r l; do\n"
                              "case $l in *'$((0))'*) n=${l#*=}; n=${n#*=};; *) continue;; esac\n"
                              "printf 'vq=[  1.0] usb\\n0=%s\\n' \"$n\"\nexec sh\ndone\n");
  serial_guest_start (&shell_guest, "sh -c loud", TRUE);
  assert_run ("true");
}

static gboolean
cancel_it (gpointer data)
{
  g_autoptr (GError) reason = g_error_new_literal (VQ_ERROR, VQ_ERROR_CANCELLED, "stop");

  vq_cancel_trigger (data, reason);
  return G_SOURCE_REMOVE;
}

TEST (cancelled)
{
  g_autoptr (VqCancel) first = vq_cancel_new (NULL);
  g_autoptr (VqCancel) second = vq_cancel_new (NULL);
  g_autoptr (GError) error = NULL;

  g_timeout_add (50, cancel_it, first);
  ck_assert (!vq_root_shell_probe (shell, serial_guest_soon (), first, &error));
  ck_assert_str_eq (error->message, "stop");
  g_clear_error (&error);
  serial_guest_start (&shell_guest, "sh", TRUE);
  assert_probe ();
  g_timeout_add (200, cancel_it, second);
  ck_assert (!vq_root_shell_run (shell, "sleep 4321", serial_guest_soon (), second, &error));
  ck_assert_str_eq (error->message, "stop");
  assert_run_fails ("exit 6", "exit status 6: its stderr is empty");
  ck_assert_ptr_nonnull (strstr (fake_terminal_sent (shell_guest.terminal), "\003\n"));
}

/* A script that goes on for too long: it is ended where the terminal can do that; else the shell
 * answers when it has ended. */
TEST_LOOP (too_slow, 0, 2)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *script = g_strdup_printf ("sleep %d", _i != 0 ? 4321 : 2);

  serial_guest_start (&shell_guest, "sh", _i != 0);
  assert_probe ();
  ck_assert (!vq_root_shell_run (shell, script, vq_deadline_in (MOMENT), NULL, &error));
  ck_assert (vq_error_is_timeout (error));
  assert_run_fails ("exit 6", "exit status 6: its stderr is empty");
}

/* The guest takes nothing of a long script, and is given nothing of it once it has been given up.
 */
TEST (never_half_typed)
{
  g_autofree char *script = g_strnfill (20000, '\001');
  g_autofree char *sent = NULL;
  int ends[2], small = 2048;
  gssize n;

  vq_root_shell_free (shell);
  vq_serial_line_free (shell_guest.line);
  ck_assert_int_eq (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  ck_assert_int_eq (setsockopt (ends[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof small), 0);
  shell_guest.line = vq_serial_line_new (ends[0]);
  vq_serial_line_send (shell_guest.line, script);
  vq_serial_line_interrupt (shell_guest.line);
  shell = vq_root_shell_new (shell_guest.line);
  sent = g_malloc0 (100000);
  (void)!vq_wait_pause (20, NULL, NULL);
  n = read (ends[1], sent, 50000);
  (void)!vq_wait_pause (20, NULL, NULL);
  n += recv (ends[1], sent + n, 50000, MSG_DONTWAIT);
  ck_assert_int_lt (n, 20000);
  ck_assert_str_eq (sent + n - 3, "\001\003\n");
  close (ends[1]);
}

/* As with a loop that starts a new shell when the old one ends. */
TEST (shell_dies)
{
  serial_guest_write_program (
      &shell_guest, "loop", "#!/bin/sh\nwhile :; do setsid -w sh </dev/tty >/dev/tty 2>&1; done\n");
  serial_guest_start (&shell_guest, "sh -c loop", TRUE);
  assert_probe ();
  assert_run_fails ("echo bye >&2; kill -9 $PPID; sleep 0.3",
                    "the shell did not run the script to its end");
  assert_run ("true");
}

TEST (login_after_death)
{
  serial_guest_write_program (&shell_guest, "getty",
                              "#!/bin/sh\nsh\nprintf '\\nhost login: '\nread name\n");
  serial_guest_start (&shell_guest, "sh -c getty", TRUE);
  assert_run_fails ("kill -9 $PPID", "the shell did not run the script to its end");
}

/* Of what is typed, some bytes get lost: nothing is run by halves, and the shell is there again. */
TEST_LOOP (lost_bytes, 0, 6)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *comment = g_strnfill (950, 'x');
  g_autofree char *script
      = g_strdup_printf ("#%s\necho ran >>%s/out", comment, shell_guest.directory);
  g_autofree char *path = g_build_filename (shell_guest.directory, "out", NULL);
  g_autofree char *out = NULL;
  gboolean ran;

  serial_guest_start (&shell_guest, "sh", TRUE);
  assert_probe ();
  fake_terminal_lose (shell_guest.terminal, _i * 163, 20);
  ran = vq_root_shell_run (shell, script, serial_guest_soon (), NULL, &error);
  (void)!g_file_get_contents (path, &out, NULL, NULL);
  ck_assert_str_eq (out != NULL ? out : "", ran ? "ran\n" : "");
  ck_assert (ran || _i != 1); /* as it was typed once more */
  assert_run ("true");
}

TEST (flood)
{
  g_autoptr (GError) error = NULL;

  serial_guest_write_program (&shell_guest, "flood",
                              "#!/bin/sh\nexec yes vq=0=$(printf '\\001\\033')\n");
  serial_guest_start (&shell_guest, "sh -c flood", TRUE);
  ck_assert (!vq_root_shell_probe (shell, vq_deadline_in (MOMENT), NULL, &error));
  ck_assert (vq_error_is_timeout (error));
  ck_assert_uint_le (strlen (vq_serial_line_get_text (shell_guest.line)), 16384);
  ck_assert_uint_le (strlen (error->message), 500);
}

/* A script may say what it likes. */
TEST (strange_stderr)
{
  serial_guest_start (&shell_guest, "sh", TRUE);
  assert_run_fails ("printf 'vq=0=\\nvq0=\\nPassword: ' >&2; sleep 0.1; exit 4",
                    "exit status 4: Password:");
}

TEST (hang_up)
{
  g_autoptr (GError) error = NULL;

  serial_guest_start (&shell_guest, "sh", TRUE);
  assert_probe ();
  fake_terminal_hang_up (shell_guest.terminal);
  ck_assert (!vq_root_shell_run (shell, "sleep 4321", serial_guest_soon (), NULL, &error));
  ck_assert (g_error_matches (error, VQ_ERROR, VQ_ERROR_PEER));
  ck_assert (g_str_has_prefix (error->message, "the serial port is gone: "));
  ck_assert (vq_root_shell_is_settled (shell));
  ck_assert (!vq_root_shell_probe (shell, serial_guest_soon (), NULL, NULL));
}
