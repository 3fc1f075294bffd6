// SPDX-License-Identifier: GPL-2.0-or-later
/* The server for virt-qemu-exec: listens on a unix socket and runs the commands of its clients on a
 * channel, any number at once. exec-wire.h describes the messages. */
#pragma once

#include <glib.h>

#include "channel/channel.h"

typedef struct _VqExecServer VqExecServer;

/* Listens on SOCKET_PATH, which must not exist and is made with mode 0600. Raises the soft limit of
 * open files, because each client needs several. Fails if the socket cannot be made, for example
 * because its path is too long. Does not wait. */
VqExecServer *vq_exec_server_new (const char *socket_path, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* How many commands have been started. */
guint64 vq_exec_server_get_n_commands (VqExecServer *server);

/* Whether a client is there, which has a command that runs. */
gboolean vq_exec_server_is_busy (VqExecServer *server);

/* From now on ENDED is called from the main context with the exit status of each command that is
 * started now and whose words MATCH; -1: it ended in another way, or its client left. NULL: none.
 */
typedef gboolean (*VqExecServerMatch) (const char *const *argv);
typedef void (*VqExecServerEnded) (int status, gpointer data);
void vq_exec_server_watch (VqExecServer *server, VqExecServerMatch match, VqExecServerEnded ended,
                           gpointer data);

/* Answers all clients with a failure, kills their commands, and removes the socket. The channel
 * that is set must still exist; it may be freed afterwards. */
void vq_exec_server_free (VqExecServer *server);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqExecServer, vq_exec_server_free)

/* From now on commands run on CHANNEL, which stays the caller's and must be unset before it is
 * freed. With NULL, as in the beginning, clients are answered with a failure. Commands that run on
 * an earlier channel are killed, and their clients are answered with a failure. */
void vq_exec_server_set_channel (VqExecServer *server, VqChannel *channel);

/* To be called when the testbed has failed because of REASON. All running commands are killed.
 * Their clients, and all that come until another channel is set, are answered with REASON. */
void vq_exec_server_fail (VqExecServer *server, const GError *reason);
