// SPDX-License-Identifier: GPL-2.0-or-later
/* The real guest helper, as a process on this machine. The program is the one that was built beside
 * the tests, or $VQ_GUEST_HELPER. If that is for another architecture, $VQ_GUEST_EMULATOR runs it.
 */
#pragma once

#include <glib.h>

/* The helper's path; free it. */
char *helper_process_path (void);

/* Starts the helper at the other end of a stream socket, and returns our end (CLOEXEC, blocking),
 * which belongs to the caller. The helper ends when that is closed; the caller must then wait for
 * *PID. */
int helper_process_start (GPid *pid);

/* Starts the helper with FD, which stays the caller's, as its port, and with OPTION (may be
 * NULL). */
void helper_process_spawn (int fd, const char *option, GPid *pid);

/* Closes FD unless it is -1, waits until the helper has ended, and returns its wait status. */
int helper_process_stop (int fd, GPid pid);
