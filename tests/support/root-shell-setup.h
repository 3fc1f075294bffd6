// SPDX-License-Identifier: GPL-2.0-or-later
/* A root shell that talks to a serial guest, for the tests of both kinds of guests. */
#pragma once

#include "way/root-shell.h"
#include "serial-guest.h"

#define MOMENT 0.3 /* seconds; for things that must not happen */

extern SerialGuest shell_guest;
extern VqRootShell *shell; /* what is tested */

/* For a checked fixture. Nothing runs in the guest yet, and nothing was typed. */
void root_shell_setup (void);
void root_shell_teardown (void);

/* There is a shell, and it is root's. */
void assert_probe (void);

/* The script runs, and ends with 0. */
void assert_run (const char *script);

/* It does not; the error is MESSAGE. */
void assert_run_fails (const char *script, const char *message);
