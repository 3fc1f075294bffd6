// SPDX-License-Identifier: GPL-2.0-or-later
#include "root-shell-setup.h"

#include <check.h>

SerialGuest shell_guest;
VqRootShell *shell;

void
root_shell_setup (void)
{
  serial_guest_begin (&shell_guest);
  shell = vq_root_shell_new (shell_guest.line);
}

void
root_shell_teardown (void)
{
  g_clear_pointer (&shell, vq_root_shell_free);
  serial_guest_end (&shell_guest);
}

void
assert_probe (void)
{
  g_autoptr (GError) error = NULL;

  ck_assert_msg (vq_root_shell_probe (shell, serial_guest_soon (), NULL, &error), "%s",
                 error != NULL ? error->message : "?");
  ck_assert_int_eq (vq_root_shell_get_uid (shell), 0);
}

void
assert_run (const char *script)
{
  g_autoptr (GError) error = NULL;

  ck_assert_msg (vq_root_shell_run (shell, script, serial_guest_soon (), NULL, &error), "%s",
                 error != NULL ? error->message : "?");
}

void
assert_run_is_killed (void)
{
  g_autoptr (GError) error = NULL;

  ck_assert (!vq_root_shell_run (shell, "kill -9 $$", serial_guest_soon (), NULL, &error));
  ck_assert_msg (g_str_has_prefix (error->message, "exit status 137: Killed"), "%s",
                 error->message);
}

void
assert_run_fails (const char *script, const char *message)
{
  g_autoptr (GError) error = NULL;

  ck_assert (!vq_root_shell_run (shell, script, serial_guest_soon (), NULL, &error));
  ck_assert_str_eq (error->message, message);
}
