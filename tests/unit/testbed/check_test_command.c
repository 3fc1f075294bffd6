// SPDX-License-Identifier: GPL-2.0-or-later
#include "testbed/test-command.h"

#include <check.h>

#include "suite.h"

#define PID_FILE "--script-pid-file=/tmp/autopkgtest_script_pid"

CASE ("test-command", NULL, NULL, 10)

/* As autopkgtest 5.28 and 6.0 start them. */
TEST (tests_are_known)
{
  static const char *const old[]
      = { "su",   "-s", "/bin/bash",
          "root", "-c", "set -e; exec /tmp/a/wrapper.sh " PID_FILE " -- x ;",
          NULL };
  static const char *const new[] = { "env", "A=b", "/tmp/a/wrapper.sh", PID_FILE, "--", "x", NULL };
  static const char *const copied[] = { "chmod", "755", "/tmp/a/wrapper.sh", NULL };
  static const char *const other[] = { "cat", "/tmp/autopkgtest_script_pid", NULL };

  ck_assert (vq_test_command_matches (old) && vq_test_command_matches (new));
  ck_assert (!vq_test_command_matches (copied) && !vq_test_command_matches (other));
}

TEST (failures)
{
  ck_assert (!vq_test_command_failed (0) && !vq_test_command_failed (77));
  ck_assert (vq_test_command_failed (1) && vq_test_command_failed (-1));
}
