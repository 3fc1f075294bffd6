// SPDX-License-Identifier: GPL-2.0-or-later
/* One request of virt-qemu-exec on its way in (lib/channel/exec-wire.h), from a peer that may be
 * slow or wrong. It never reads further than the request's own end. */
#pragma once

#include <glib.h>

#include "channel/exec-wire.h"

typedef struct _VqExecRequestIn VqExecRequestIn;

typedef enum
{
  VQ_EXEC_REQUEST_PARTIAL, /* call again when the socket is readable */
  VQ_EXEC_REQUEST_COMPLETE,
  VQ_EXEC_REQUEST_WRONG,
} VqExecProgress;

VqExecRequestIn *vq_exec_request_in_new (void);

/* Also closes the descriptors that came in and were not stolen. */
void vq_exec_request_in_free (VqExecRequestIn *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqExecRequestIn, vq_exec_request_in_free)

/* Reads what SOCKET_FD (which stays the caller's) has, but at most about 256 KiB, so that one peer
 * does not hold up the others. Does not wait. *WRONG is set to a constant text with
 * VQ_EXEC_REQUEST_WRONG, which the end of the stream is as well. */
VqExecProgress vq_exec_request_in_receive (VqExecRequestIn *self, int socket_fd,
                                           const char **wrong);

/* Of a complete request: the words, NULL-terminated; they live as long as SELF. */
const char *const *vq_exec_request_in_get_argv (VqExecRequestIn *self);

/* Of a complete request: hands over stdin, stdout and stderr. */
void vq_exec_request_in_steal_stdio (VqExecRequestIn *self, int stdio[VQ_EXEC_N_FDS]);
