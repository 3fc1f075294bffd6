// SPDX-License-Identifier: GPL-2.0-or-later
#include "testbed/test-command.h"

#include <string.h>

#define SKIPPED 77

static gboolean
contains (const char *const *argv, const char *part)
{
  for (; *argv != NULL; argv++)
    if (strstr (*argv, part) != NULL)
      return TRUE;
  return FALSE;
}

/* autopkgtest 5 and 6 run each test by this script of theirs, which they have copied into the
 * scratch directory. Version 5 has it in the last word of a "su" or "bash". */
gboolean
vq_test_command_matches (const char *const *argv)
{
  return contains (argv, "/wrapper.sh") && contains (argv, "--script-pid-file=");
}

gboolean
vq_test_command_failed (int status)
{
  return status != 0 && status != SKIPPED;
}
