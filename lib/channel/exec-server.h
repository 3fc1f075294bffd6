// SPDX-License-Identifier: GPL-2.0-or-later
/* The server side of virt-qemu-exec: listens on a unix socket and runs what its clients ask for on
 * a channel, any number at once. lib/channel/exec-wire.h describes the messages. */
#pragma once

#include <glib.h>

#include "channel/channel.h"

typedef struct _VqExecServer VqExecServer;

/* Listens on SOCKET_PATH, which must not exist and is made with mode 0600, and raises the
 * soft limit of open files, of which each client takes several. Fails if the path is longer than a
 * socket's may be or cannot be made. Does not wait. */
VqExecServer *vq_exec_server_new (const char *socket_path, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Answers all clients with a failure, kills what still runs for them, removes the socket. A channel
 * that is set must still be there; it may be freed afterwards. */
void vq_exec_server_free (VqExecServer *server);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqExecServer, vq_exec_server_free)

/* From now on commands run on CHANNEL, which stays the caller's and must be unset before it is
 * freed; with NULL, as at first, they are answered with a failure. What runs on another channel is
 * killed and its client answered with a failure. */
void vq_exec_server_set_channel (VqExecServer *server, VqChannel *channel);

/* The testbed has failed, for REASON: with it all running clients are answered, whose commands are
 * killed, and all that come, until another channel is set. */
void vq_exec_server_fail (VqExecServer *server, const GError *reason);
