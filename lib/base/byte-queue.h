// SPDX-License-Identifier: GPL-2.0-or-later
/* A queue of bytes, first in, first out. An empty queue uses no memory; any other uses at most
 * twice the largest length that it has had. */
#pragma once

#include <glib.h>

/* Initialise it with zeroes. Do not touch its members. */
typedef struct
{
  guint8 *bytes; /* owned */
  gsize start, end, size;
} VqByteQueue;

void vq_byte_queue_clear (VqByteQueue *queue);

gsize vq_byte_queue_get_length (const VqByteQueue *queue);

void vq_byte_queue_append (VqByteQueue *queue, const void *bytes, gsize n);

/* The queue's bytes, valid until the queue is changed. */
const guint8 *vq_byte_queue_peek (const VqByteQueue *queue);

/* Removes the first N bytes. */
void vq_byte_queue_consume (VqByteQueue *queue, gsize n);
