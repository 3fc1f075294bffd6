// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/byte-queue.h"

#include <string.h>

#define SMALLEST 256 /* bytes */

void
vq_byte_queue_clear (VqByteQueue *queue)
{
  g_free (queue->bytes);
  *queue = (VqByteQueue){ 0 };
}

gsize
vq_byte_queue_get_length (const VqByteQueue *queue)
{
  return queue->end - queue->start;
}

/* Makes room for N more bytes at the end. Bytes are moved only if at least as many have been
 * removed or will be added before the next move, so moving costs constant time per byte. */
static void
make_room (VqByteQueue *queue, gsize n)
{
  gsize length = vq_byte_queue_get_length (queue);
  guint8 *old = queue->bytes;

  if (n <= queue->size - queue->end)
    return;
  if (queue->start < length || length + n > queue->size)
    {
      queue->size = MAX (SMALLEST, 2 * (length + n));
      queue->bytes = g_malloc (queue->size);
    }
  if (length > 0)
    memmove (queue->bytes, old + queue->start, length);
  if (queue->bytes != old)
    g_free (old);
  queue->start = 0;
  queue->end = length;
}

void
vq_byte_queue_append (VqByteQueue *queue, const void *bytes, gsize n)
{
  if (n == 0)
    return;
  make_room (queue, n);
  memcpy (queue->bytes + queue->end, bytes, n);
  queue->end += n;
}

const guint8 *
vq_byte_queue_peek (const VqByteQueue *queue)
{
  return queue->bytes + queue->start;
}

void
vq_byte_queue_consume (VqByteQueue *queue, gsize n)
{
  g_assert (n <= vq_byte_queue_get_length (queue));
  queue->start += n;
  if (queue->start == queue->end)
    vq_byte_queue_clear (queue);
}
