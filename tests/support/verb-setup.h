// SPDX-License-Identifier: GPL-2.0-or-later
/* The program virt-qemu, for the tests of verbs that talk to a machine. The machine EXEC_MACHINE is
 * this one: the test serves its commands (exec-setup.h). */
#pragma once

#include "exec-setup.h"

/* For a checked fixture; around exec_setup and exec_teardown. */
void verb_setup (void);
void verb_teardown (void);

/* Starts virt-qemu with WORDS. The descriptors stay the caller's; -1 means /dev/null. */
void verb_start (Program *self, const char *const *words, int in, int out, int err);

/* Runs it to its end, and returns its status. OUT and ERR may be NULL. */
int verb_run (const char *const *words, int in, GBytes **out, GBytes **err);

/* Asserts that virt-qemu ends with STATUS and says SAID on stderr, among other things. */
void verb_assert_fails (const char *const *words, int status, const char *said);
