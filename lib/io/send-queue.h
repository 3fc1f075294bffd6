// SPDX-License-Identifier: GPL-2.0-or-later
/* Sends on a socket of our own without ever waiting. Bytes that the socket does not take are kept,
 * in order, until it takes them. */
#pragma once

#include <glib.h>
#include <sys/uio.h>

typedef struct _VqSendQueue VqSendQueue;

/* Called when nothing can be sent any more, because of ERRNUM, either from inside one of the calls
 * below or from the main context. Must not free the queue. */
typedef void (*VqSendFailed) (int errnum, gpointer data);

/* FD stays the caller's and must outlive the queue. */
VqSendQueue *vq_send_queue_new (int fd, VqSendFailed failed, gpointer data);
void vq_send_queue_free (VqSendQueue *queue);

/* Sends the N PIECES one after the other. Copies only the bytes that must be kept. */
void vq_send_queue_add (VqSendQueue *queue, const struct iovec *pieces, guint n);

/* FD (taken over) goes along with the next bytes (SCM_RIGHTS). One that was to go and has not yet
 * is dropped. */
void vq_send_queue_pass_fd (VqSendQueue *queue, int fd);

/* What is added between hold and release is sent in one piece, because each piece wakes the
 * receiver, which is expensive. Meant for a few small messages. Calls do not nest. */
void vq_send_queue_hold (VqSendQueue *queue);
void vq_send_queue_release (VqSendQueue *queue);

/* TRUE while the socket takes no more; everything that is added then takes memory. Also TRUE while
 * the queue is blocked. */
gboolean vq_send_queue_is_full (VqSendQueue *queue);

/* While BLOCKED, the queue counts as full. What is added is sent nevertheless. May call those who
 * wait. */
void vq_send_queue_set_blocked (VqSendQueue *queue, gboolean blocked);

/* Calls ROOM once, from the main context, when the queue is not full any more. It must be full now.
 * Several that wait are called in turn, as long as the queue is not full again. ROOM may free the
 * queue. */
typedef void (*VqSendRoom) (gpointer data);
void vq_send_queue_wait (VqSendQueue *queue, VqSendRoom room, gpointer data);

/* Cancels a vq_send_queue_wait with DATA, if there is one. */
void vq_send_queue_forget (VqSendQueue *queue, gpointer data);

/* TRUE if the receiver has read everything that was ever added. */
gboolean vq_send_queue_is_taken (VqSendQueue *queue);

/* Drops the bytes that are kept. The queue must be blocked. */
void vq_send_queue_drop (VqSendQueue *queue);

/* Drops the bytes that are kept, cancels all that wait, and ends a block. */
void vq_send_queue_clear (VqSendQueue *queue);
