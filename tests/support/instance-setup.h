// SPDX-License-Identifier: GPL-2.0-or-later
/* A place for instances in a directory of the test's, for fixtures. $VIRT_QEMU_STATE_DIR and
 * $VIRT_QEMU_RUNTIME_DIR name it, so programs that the test starts use it, too. */
#pragma once

#include "instance/instance.h"

extern char *instance_directory; /* has "state" and "run" */
extern VqPrivateDir *instance_place;

void instance_setup (void);
void instance_teardown (void);

/* Makes the instance NAME, which does not run. */
void instance_make (const char *name, gboolean ephemeral);

/* Makes the instance NAME, which runs until the teardown, and whose commands are taken by somebody
 * who listens on EXEC_SOCKET. It has no other sockets. */
void instance_serve (const char *name, const char *exec_socket);

/* Fails the test unless these are the names of all instances, with "," between them. */
void instance_assert_names (const char *names);

/* A process that has the instance NAME and answers its requests: ANSWER is the line that it sends
 * to each, for example "ok", or "hold" to leave it without an answer, "" to end, or
 * "reset" to end before it has read one. It ends when it is told to stop, too. The requests are
 * added to the file "requests" in instance_directory. */
pid_t instance_fake_supervisor (const char *name, const char *answer);

/* What was asked for, a line per request. Transfer full. */
char *instance_get_requests (void);
