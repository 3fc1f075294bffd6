// SPDX-License-Identifier: GPL-2.0-or-later
/* Bytes that wait, first in, first out. An empty queue holds no memory; another holds at most
 * twice its largest length. */
#pragma once

#include <glib.h>

/* Starts as zeroes; its members are its own. */
typedef struct
{
  guint8 *bytes; /* owned */
  gsize start, end, size;
} VqByteQueue;

void vq_byte_queue_clear (VqByteQueue *queue);

gsize vq_byte_queue_get_length (const VqByteQueue *queue);

void vq_byte_queue_append (VqByteQueue *queue, const void *bytes, gsize n);

/* All that waits, valid until the queue is changed. */
const guint8 *vq_byte_queue_peek (const VqByteQueue *queue);

/* Takes the first N bytes away. */
void vq_byte_queue_consume (VqByteQueue *queue, gsize n);
