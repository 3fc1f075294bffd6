// SPDX-License-Identifier: GPL-2.0-or-later
/* A root shell that talks to a serial guest, for the tests of both kinds of guests. */
#pragma once

#include "way/root-shell.h"
#include "serial-guest.h"

#define MOMENT 0.3 /* seconds; for what must not happen */

extern SerialGuest shell_guest;
extern VqRootShell *shell; /* the shell under test */

/* For a checked fixture. Nothing runs in the guest yet, and nothing was typed. */
void root_shell_setup (void);
void root_shell_teardown (void);

/* Asserts that there is a shell, and that it is root's. */
void assert_probe (void);

/* Asserts that the script runs and exits with 0. */
void assert_run (const char *script);

/* Asserts that it fails with the error MESSAGE. */
void assert_run_fails (const char *script, const char *message);

/* Asserts that one which kills itself fails. Some shells add to the message what was killed. */
void assert_run_is_killed (void);
