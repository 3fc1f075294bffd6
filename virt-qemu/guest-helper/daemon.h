// SPDX-License-Identifier: GPL-2.0-or-later
/* To live in a guest unseen: outside of any service, safe from what tests do to processes. */
#pragma once

#include <sys/types.h>

#include "frame.h"

/* Goes on in a process of its own, in init's namespaces and control group, with no descriptors but
 * stdio and FD. The process before stays until daemon_ready, to exit with status 0, or until we end
 * before that, to exit with status 1. *READY is for daemon_ready. */
bool daemon_begin (int fd, int *ready, Why why);
void daemon_ready (int ready);

/* Makes us the last to be killed when memory is short. False if that is not allowed. */
bool daemon_become_oom_immune (void);

/* Whether SIGTERM of the process SENDER means that the system goes down: then whoever does not end
 * is waited for, 90 s by systemd. */
bool daemon_is_shutdown (pid_t sender);
