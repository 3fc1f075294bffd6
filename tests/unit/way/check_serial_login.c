// SPDX-License-Identifier: GPL-2.0-or-later
#include "way/serial-login.h"

#include <check.h>
#include <string.h>

#include "base/error.h"
#include "serial-guest.h"
#include "suite.h"

#define SECRET "s3cret %word"

static SerialGuest guest;

/* A getty and a login. What they do is told by the environment: PASSWORD is asked for with PROMPT
 * unless it is empty; EARLY: the first time is too early; BEFORE and AFTER are run before and after
 * the password, SHELL then. */
static const char getty[]
    = "#!/bin/sh\n"
      "cd ${0%/*}\n"
      "printf '\\n\\033[0mDebian GNU/Linux 12 host ttyS0\\n\\n'\n"
      "while :; do\n"
      "  printf '\\nhost login: '; eval \"$NOISE\"\n"
      "  IFS= read -r name || exit; echo \"$name\" >>names\n"
      "  if [ -n \"$EARLY\" ]; then\n"
      "    printf 'System is booting up. Unprivileged users are not permitted to log in yet.\\n'\n"
      "    EARLY=${EARLY#x}; continue\n"
      "  fi\n"
      "  [ -n \"$name\" ] || continue\n"
      "  eval \"$BEFORE\"\n"
      "  if [ -n \"$PASSWORD\" ]; then\n"
      "    stty -echo; printf %s \"$PROMPT\"; IFS= read -r given; stty echo; echo\n"
      "    echo \"$given\" >>passwords\n"
      "    if [ \"$given\" != \"$PASSWORD\" ]; then printf '\\nLogin incorrect\\n'; continue; fi\n"
      "  fi\n"
      "  eval \"$AFTER\"\n"
      "  [ \"$name\" = root ] || export VQ_UID=1000\n"
      "  echo 'Last login: Tue Nov 21 12:00:00 UTC 2023 on ttyS0'\n"
      "  $SHELL\n"
      "done\n";

/* sudo -p PROMPT COMMAND; su -s SHELL root: both want ROOT_PASSWORD, thrice or once. */
static const char sudo[]
    = "#!/bin/sh\n"
      "cd ${0%/*}\n"
      "case $0 in *su) prompt='Password: '; tries=1;; *) prompt=$2; tries=3;; esac\n"
      "while [ -n \"$ROOT_PASSWORD\" ]; do\n"
      "  stty -echo; printf %s \"$prompt\"; IFS= read -r given; stty echo; echo\n"
      "  echo \"$given\" >>${0##*/}.passwords\n"
      "  [ \"$given\" = \"$ROOT_PASSWORD\" ] && break\n"
      "  tries=$((tries - 1))\n"
      "  [ $tries = 0 ] && echo \"su: Authentication failure\" >&2 && exit 1\n"
      "  echo 'Sorry, try again.'\n"
      "done\n"
      "export VQ_UID=0\n"
      "/bin/sh\n";

static void
setup (void)
{
  serial_guest_begin (&guest);
  serial_guest_write_program (&guest, "getty", getty);
}

static void
teardown (void)
{
  serial_guest_end (&guest);
}

/* The words of SETTINGS come last: of two of the same name that counts. */
static void
start_getty (const char *const *settings)
{
  g_autofree char *path = g_strdup_printf ("PATH=%s:/usr/bin:/bin", guest.directory);
  g_autofree char *program = g_build_filename (guest.directory, "getty", NULL);
  g_auto (GStrv) environment = g_strsplit (
      "PROMPT=Password: |SHELL=bash --norc|TERM=xterm|PS1=\033[01;32m\\u\033[00m:\\w\\$ ", "|", -1);

  environment = g_environ_setenv (environment, "PATH", path + 5, TRUE);
  for (; *settings != NULL; settings++)
    {
      g_auto (GStrv) parts = g_strsplit (*settings, "=", 2);

      environment = g_environ_setenv (environment, parts[0], parts[1], TRUE);
    }
  fake_terminal_start (guest.terminal, (const char *const[]){ "/bin/sh", program, NULL },
                       (const char *const *)environment, TRUE);
}

static void
assert_notes (const char *name, const char *expected)
{
  g_autofree char *path = g_build_filename (guest.directory, name, NULL);
  g_autofree char *notes = NULL;

  (void)!g_file_get_contents (path, &notes, NULL, NULL);
  ck_assert_str_eq (notes != NULL ? notes : "", expected);
}

/* The shell works, and when it is left there is a login prompt again. */
static void
assert_opens (const char *user, const char *password)
{
  g_autoptr (GError) error = NULL;
  VqRootShell *shell
      = vq_serial_login_open (guest.line, user, password, serial_guest_soon (), NULL, &error);

  ck_assert_msg (shell != NULL, "%s", error != NULL ? error->message : "?");
  ck_assert_int_eq (vq_root_shell_get_uid (shell), 0);
  ck_assert (
      !vq_root_shell_run (shell, "echo here >&2; exit 4", serial_guest_soon (), NULL, &error));
  ck_assert_str_eq (error->message, "exit status 4: here");
  vq_root_shell_free (shell);
  vq_serial_login_leave (guest.line);
  vq_serial_line_forget (guest.line, NULL);
  ck_assert (vq_wait_until (vq_serial_login_has_prompt, guest.line, serial_guest_soon (), NULL,
                            "login prompt", NULL));
}

static void
assert_refuses (const char *user, const char *password, const char *message)
{
  g_autoptr (GError) error = NULL;

  ck_assert_ptr_null (
      vq_serial_login_open (guest.line, user, password, serial_guest_soon (), NULL, &error));
  ck_assert_str_eq (error->message, message);
  ck_assert (g_error_matches (error, VQ_ERROR, VQ_ERROR_PEER));
  if (password != NULL)
    ck_assert_ptr_null (strstr (error->message, password));
}

CASE ("serial-login", setup, teardown, 120)

TEST (root_without_password)
{
  start_getty ((const char *const[]){ NULL });
  assert_opens (NULL, NULL);
  assert_notes ("names", "root\n");
}

/* The shells that people have, and what comes before their prompts. */
TEST_LOOP (shells, 0, 5)
{
  static const char *const settings[][4] = {
    { "SHELL=sh" },
    { "SHELL=bash --norc", "PS1=> " },
    { "SHELL=bash --norc", "PS1=\033]0;title\007\033[?2004h[root@host ~]# " },
    { "SHELL=dash -i", "PS1=$ ",
      "AFTER=echo 'Welcome: 100%'; printf 'Loading: '; sleep 0.6; echo" },
    { "SHELL=bash --norc",
      "AFTER=printf 'to login: say login:\\nlogin: no\\n[sudo] password:\\n'" },
  };

  start_getty (settings[_i]);
  assert_opens ("root", SECRET);
  assert_notes ("names", "root\n");
}

TEST_LOOP (root_with_password, 0, 4)
{
  static const char *const prompts[]
      = { "PROMPT=Password: ", "PROMPT=Passwort: ", "PROMPT=password for root:",
          "PROMPT=\xe5\xaf\x86\xe7\xa0\x81\xef\xbc\x9a" };

  start_getty ((const char *const[]){ "PASSWORD=" SECRET, prompts[_i], NULL });
  assert_opens (NULL, SECRET);
  assert_notes ("names", "root\n");
  assert_notes ("passwords", SECRET "\n");
}

TEST (split_output)
{
  fake_terminal_split (guest.terminal, 1);
  start_getty ((const char *const[]){ "PASSWORD=" SECRET, NULL });
  assert_opens (NULL, SECRET);
  assert_notes ("passwords", SECRET "\n");
}

TEST (wrong_password)
{
  start_getty ((const char *const[]){ "PASSWORD=another", NULL });
  assert_refuses ("root", SECRET,
                  "the guest does not let root in on its serial port (\"Login incorrect\"): "
                  "check --user and --password");
  assert_notes ("names", "root\nroot\n");
  assert_notes ("passwords", SECRET "\n" SECRET "\n");
}

TEST (no_password)
{
  start_getty ((const char *const[]){ "PASSWORD=another", NULL });
  assert_refuses (NULL, NULL,
                  "the guest asks for the password of root on its serial port: "
                  "give it with --password, or another user with --user");
  assert_notes ("passwords", "");
}

/* The password is no answer to it. */
TEST (more_than_a_password)
{
  start_getty ((const char *const[]){
      "PASSWORD=" SECRET, "AFTER=printf 'Verification code: '; read -r x; echo $x >codes", NULL });
  assert_refuses (NULL, SECRET,
                  "the guest asks for more than the password of root on its serial port "
                  "(\"Verification code:\"): give another user with --user");
  assert_notes ("passwords", SECRET "\n");
  assert_notes ("codes", "");
}

TEST_LOOP (expired, 0, 2)
{
  static const char *const settings[][4] = {
    { "AFTER=printf 'You are required to change your password immediately (administrator "
      "enforced).\\nChanging password for root.\\nCurrent password: '; read -r x; echo $x >codes" },
    { "PASSWORD=" SECRET,
      "AFTER=printf 'You are required to change your password immediately (administrator "
      "enforced).\\nNew password: '; read -r x; echo $x >codes" },
  };

  start_getty (settings[_i]);
  assert_refuses (NULL, SECRET,
                  "the guest wants the password of root changed: set another one in the image");
  assert_notes ("codes", "");
}

TEST (no_shell)
{
  g_autoptr (GError) error = NULL;

  start_getty (
      (const char *const[]){ "SHELL=echo This account is currently not available.", NULL });
  assert_refuses ("daemon", NULL,
                  "the guest does not let daemon in on its serial port "
                  "(\"This account is currently not available.\"): check --user and --password");
}

/* However often: it is no failed attempt. */
TEST (too_early)
{
  start_getty ((const char *const[]){ "EARLY=xxxx", "PASSWORD=" SECRET, NULL });
  serial_guest_write_program (&guest, "sudo", sudo);
  assert_opens ("user", SECRET);
  assert_notes ("names", "user\nuser\nuser\nuser\nuser\n");
}

TEST_LOOP (user_with_sudo, 0, 4)
{
  static const char *const settings[][4] = {
    { "PASSWORD=" SECRET, "ROOT_PASSWORD=" SECRET },
    { "PASSWORD=" SECRET },
    { "ROOT_PASSWORD=" SECRET },
    { "SHELL=dash -i" },
  };

  serial_guest_write_program (&guest, "sudo", sudo);
  start_getty (settings[_i]);
  assert_opens ("user", SECRET);
  assert_notes ("sudo.passwords", _i % 2 == 0 ? SECRET "\n" : "");
}

TEST (user_with_su)
{
  serial_guest_write_program (&guest, "sudo",
                              "#!/bin/sh\necho 'user is not in the sudoers file.' >&2; exit 1\n");
  serial_guest_write_program (&guest, "su", sudo);
  start_getty ((const char *const[]){ "ROOT_PASSWORD=" SECRET, NULL });
  assert_opens ("user", SECRET);
  assert_notes ("su.passwords", SECRET "\n");
}

/* sudo would ask three times, and is not told more than once. */
TEST (user_without_rights)
{
  serial_guest_write_program (&guest, "sudo", sudo);
  serial_guest_write_program (&guest, "su", sudo);
  start_getty ((const char *const[]){ "PASSWORD=" SECRET, "ROOT_PASSWORD=another", NULL });
  assert_refuses (
      "user", SECRET,
      "user can log in on the guest's serial port, but not become root (sudo: \"Sorry, "
      "try again.\", su: \"su: Authentication failure\"): give a user who can, or root, "
      "with --user and --password");
  assert_notes ("sudo.passwords", SECRET "\n");
  assert_notes ("su.passwords", SECRET "\n");
  vq_serial_line_forget (guest.line, NULL);
  ck_assert (vq_wait_until (vq_serial_login_has_prompt, guest.line, serial_guest_soon (), NULL,
                            "login prompt", NULL));
}

TEST (silent_refusals)
{
  serial_guest_write_program (&guest, "sudo", "#!/bin/sh\nexit 1\n");
  serial_guest_write_program (&guest, "su", "#!/bin/sh\nexit 1\n");
  start_getty ((const char *const[]){ NULL });
  assert_refuses ("user", NULL,
                  "user can log in on the guest's serial port, but not become root "
                  "(sudo: \"no reason given\", su: \"no reason given\"): "
                  "give a user who can, or root, with --user and --password");
}

TEST (user_without_programs)
{
  serial_guest_write_program (&guest, "sudo", "#!/bin/sh\necho there is no sudo\nexit 127\n");
  serial_guest_write_program (&guest, "su", "#!/bin/sh\nprintf 'Password: '; read -r x\n");
  start_getty ((const char *const[]){ NULL });
  assert_refuses ("user", NULL,
                  "user can log in on the guest's serial port, but not become root "
                  "(sudo: \"there is no sudo\", su: \"Password:\"): "
                  "give a user who can, or root, with --user and --password");
}

/* A slow sudo says nothing for longer than a login would, because it cannot look up its host, and
 * the last prompt of the shell comes late. */
TEST (slow_sudo)
{
  g_autofree char *slow = g_strdup_printf ("#!/bin/sh\nsleep 16\n%s", strchr (sudo, '\n'));

  serial_guest_write_program (&guest, "sudo", slow);
  start_getty ((const char *const[]){ "ROOT_PASSWORD=" SECRET, "PS1=$(sleep 0.1)$ ", NULL });
  assert_opens ("user", SECRET);
  assert_notes ("sudo.passwords", SECRET "\n");
}

/* Nothing is heard of the prompt that was there before us. */
TEST (old_prompt)
{
  VqSerialLine *old = guest.line;

  start_getty ((const char *const[]){ NULL });
  fake_terminal_expect (guest.terminal, "host login: ");
  (void)!vq_wait_pause (50, NULL, NULL);
  vq_serial_line_forget (old, NULL);
  assert_opens (NULL, NULL);
  assert_notes ("names", "\nroot\n");
}

/* Somebody has logged in already; even with a name half typed. */
TEST (a_shell_already)
{
  start_getty ((const char *const[]){ "SHELL=sh", NULL });
  fake_terminal_expect (guest.terminal, "host login: ");
  fake_terminal_type (guest.terminal, "root\n");
  fake_terminal_expect (guest.terminal, "$ ");
  assert_opens (NULL, NULL);
  assert_notes ("names", "root\n");
}

/* The kernel talks into the prompt. */
TEST (noise)
{
  start_getty ((const char *const[]){ "NOISE=printf '[    5.120033] random: crng init done\\n'",
                                      "PASSWORD=" SECRET,
                                      "PROMPT=Password: [   12.5] e1000: eth0 up\n", NULL });
  assert_opens (NULL, SECRET);
  assert_notes ("names", "root\n");
  assert_notes ("passwords", SECRET "\n");
}

TEST (silence)
{
  g_autoptr (GError) error = NULL;

  ck_assert_ptr_null (
      vq_serial_login_open (guest.line, NULL, NULL, vq_deadline_in (0.2), NULL, &error));
  ck_assert (vq_error_is_timeout (error));
  ck_assert_str_eq (error->message, "no login in time: the serial port says nothing");
  ck_assert_str_eq (fake_terminal_sent (guest.terminal), "");
}

/* A terminal that echoes the password. */
TEST (echoed_password)
{
  g_autoptr (GError) error = NULL;

  start_getty ((const char *const[]){
      "BEFORE=printf 'Password: '; read -r x; printf \"%s is wrong?\" \"$x\"; sleep 100", NULL });
  ck_assert_ptr_null (
      vq_serial_login_open (guest.line, NULL, SECRET, vq_deadline_in (1), NULL, &error));
  ck_assert_str_eq (error->message,
                    "no login in time: the serial port last said \"*** is wrong?\"");
  ck_assert_ptr_nonnull (strstr (fake_terminal_said (guest.terminal), SECRET " is wrong?"));
}

TEST (cannot_be_typed)
{
  static const char *const words[][2]
      = { { "ro\not", NULL }, { "root", "pass\003word" }, { "root", "\177" } };

  for (guint i = 0; i < G_N_ELEMENTS (words); i++)
    {
      g_autoptr (GError) error = NULL;

      ck_assert_ptr_null (vq_serial_login_open (guest.line, words[i][0], words[i][1],
                                                serial_guest_soon (), NULL, &error));
      ck_assert (g_error_matches (error, VQ_ERROR, VQ_ERROR_USAGE));
      ck_assert_str_eq (error->message, i == 0
                                            ? "--user: it cannot be typed at a login prompt"
                                            : "--password: it cannot be typed at a login prompt");
    }
}

static gboolean
hang_up (gpointer data)
{
  fake_terminal_hang_up (guest.terminal);
  return G_SOURCE_REMOVE;
}

TEST (hung_up)
{
  g_autoptr (GError) error = NULL;

  g_timeout_add (50, hang_up, NULL);
  ck_assert_ptr_null (
      vq_serial_login_open (guest.line, NULL, NULL, serial_guest_soon (), NULL, &error));
  ck_assert_str_eq (error->message, "the serial port is gone: QEMU has closed it");
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
  g_autoptr (VqCancel) cancel = vq_cancel_new (NULL);
  g_autoptr (GError) error = NULL;

  g_timeout_add (50, cancel_it, cancel);
  ck_assert_ptr_null (
      vq_serial_login_open (guest.line, NULL, NULL, serial_guest_soon (), cancel, &error));
  ck_assert_str_eq (error->message, "stop");
}
