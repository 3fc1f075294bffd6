// SPDX-License-Identifier: GPL-2.0-or-later
/* The real guest helper, as a process of this machine. Its program is the one that was built beside
 * the tests, or $VQ_GUEST_HELPER. */
#pragma once

#include <glib.h>

/* The helper's path; free it. */
char *helper_process_path (void);

/* Starts the helper at the other end of a stream socket, and returns our end (CLOEXEC, blocking),
 * which the caller owns. The helper ends when that is closed; *PID must be waited for, then. */
int helper_process_start (GPid *pid);

/* Starts it with FD, which stays the caller's, as its port, and with OPTION, which may be NULL. */
void helper_process_spawn (int fd, const char *option, GPid *pid);

/* Closes FD, if it is one, waits for the helper to end and returns its wait status. */
int helper_process_stop (int fd, GPid pid);
