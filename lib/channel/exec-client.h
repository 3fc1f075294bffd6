// SPDX-License-Identifier: GPL-2.0-or-later
/* A channel for other processes than the testbed's own: each command is a connection to the socket
 * of an exec-server (exec-wire.h), which runs it on its channel. */
#pragma once

#include "channel/channel.h"

/* A channel over the exec-server at SOCKET_PATH. Each command connects to it, so that there is no
 * such server or that it has ended is seen when a command ends with VQ_ENDED_FAILED. The channel
 * cannot know whether the server's has terminals and can pass on signals: a command on a terminal
 * fails where there are none, and a signal kills the command where it cannot be passed on. */
VqChannel *vq_exec_client_new (const char *socket_path);
