// SPDX-License-Identifier: GPL-2.0-or-later
/* Makes the helper a daemon that is out of the tests' way: outside any service, and safe from what
 * tests do to processes. */
#pragma once

#include <sys/types.h>

#include "frame.h"

/* Continues in a new process, in init's namespaces and control group, with no descriptors except
 * stdio and FD. The old process waits: it exits with status 0 at daemon_ready, or with status 1 if
 * we end before that. *READY must be given to daemon_ready. */
bool daemon_begin (int fd, int *ready, Why why);
void daemon_ready (int ready);

/* Makes us the last process that is killed when memory is short. Returns false if that is not
 * allowed. */
bool daemon_become_oom_immune (void);

/* Whether a SIGTERM from the process SENDER means that the system is shutting down. We must end
 * then, because systemd, for example, waits 90 s for a process that does not. */
bool daemon_is_shutdown (pid_t sender);
