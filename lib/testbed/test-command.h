// SPDX-License-Identifier: GPL-2.0-or-later
/* Which of autopkgtest's commands are tests, and which of these have failed. The protocol does not
 * tell. */
#pragma once

#include <glib.h>

/* Whether ARGV is a command that runs a test: it names autopkgtest's script wrapper.sh. */
gboolean vq_test_command_matches (const char *const *argv);

/* Whether a test that ended with the exit status STATUS has failed; -1: it was killed, or nobody
 * waited for it any more because it took too long. 77 stands for a test that was skipped. A test
 * that reboots its testbed ends in such a way, too, until the reboot is asked for. */
gboolean vq_test_command_failed (int status);
