// SPDX-License-Identifier: GPL-2.0-or-later
/* Sends on a socket that is ours without ever waiting: what the socket does not take is kept, in
 * order, until it does. */
#pragma once

#include <glib.h>
#include <sys/uio.h>

typedef struct _VqSendQueue VqSendQueue;

/* Nothing can be sent any more, for ERRNUM; called from inside any call below, or from the main
 * context. Must not free the queue. */
typedef void (*VqSendFailed) (int errnum, gpointer data);

/* FD stays the caller's and must outlive the queue. */
VqSendQueue *vq_send_queue_new (int fd, VqSendFailed failed, gpointer data);
void vq_send_queue_free (VqSendQueue *queue);

/* Sends the N PIECES, one behind the other. Copies only what must be kept. */
void vq_send_queue_add (VqSendQueue *queue, const struct iovec *pieces, guint n);

/* What is added between these goes out in one piece, as the receiver's wakings are dear. No more
 * than a few small messages should; they do not nest. */
void vq_send_queue_hold (VqSendQueue *queue);
void vq_send_queue_release (VqSendQueue *queue);

/* TRUE while the socket takes no more; everything added then costs memory. */
gboolean vq_send_queue_is_full (VqSendQueue *queue);

/* Calls ROOM once, from the main context, when the queue, which must be full, is so no more. All
 * who wait are served in turn, each only while that is so. ROOM may free the queue. */
typedef void (*VqSendRoom) (gpointer data);
void vq_send_queue_wait (VqSendQueue *queue, VqSendRoom room, gpointer data);

/* ROOM will not be called with DATA, if it was to be. */
void vq_send_queue_forget (VqSendQueue *queue, gpointer data);

/* TRUE when the receiver has read all that was ever added. */
gboolean vq_send_queue_is_taken (VqSendQueue *queue);

/* Forgets what is kept, and who waits. */
void vq_send_queue_clear (VqSendQueue *queue);
