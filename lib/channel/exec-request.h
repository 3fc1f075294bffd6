// SPDX-License-Identifier: GPL-2.0-or-later
/* Receives one request (exec-wire.h) from a client that may be slow or may send
 * anything. It never reads beyond the end of the request. */
#pragma once

#include <glib.h>

#include "channel/channel.h"
#include "channel/exec-wire.h"

typedef struct _VqExecRequestIn VqExecRequestIn;

typedef enum
{
  VQ_EXEC_REQUEST_PARTIAL, /* call again when the socket is readable */
  VQ_EXEC_REQUEST_COMPLETE,
  VQ_EXEC_REQUEST_WRONG,
} VqExecProgress;

VqExecRequestIn *vq_exec_request_in_new (void);

/* Also closes the descriptors that were received and not stolen. */
void vq_exec_request_in_free (VqExecRequestIn *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqExecRequestIn, vq_exec_request_in_free)

/* Reads what SOCKET_FD (which stays the caller's) has, but at most about 256 KiB, so that one
 * client does not hold up the others. Does not wait. With VQ_EXEC_REQUEST_WRONG, which is also the
 * result at the end of the stream, *WRONG is a constant text. */
VqExecProgress vq_exec_request_in_receive (VqExecRequestIn *self, int socket_fd,
                                           const char **wrong);

/* The words of a complete request, NULL-terminated; they live as long as SELF. */
const char *const *vq_exec_request_in_get_argv (VqExecRequestIn *self);

/* Whether a complete request wants a terminal for its command. *TERMINAL then has all of it; it
 * lives as long as SELF. */
gboolean vq_exec_request_in_get_terminal (VqExecRequestIn *self, VqTerminal *terminal);

/* Takes stdin, stdout and stderr of a complete request. */
void vq_exec_request_in_steal_stdio (VqExecRequestIn *self, int stdio[VQ_EXEC_N_FDS]);
