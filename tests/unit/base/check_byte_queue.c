// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/byte-queue.h"

#include <check.h>

#include "suite.h"

#define LARGEST 1000

CASE ("byte-queue", NULL, NULL, 30)

TEST (empty_holds_nothing)
{
  VqByteQueue queue = { 0 };

  ck_assert_uint_eq (vq_byte_queue_get_length (&queue), 0);
  vq_byte_queue_append (&queue, NULL, 0);
  ck_assert_ptr_null (queue.bytes);
  vq_byte_queue_append (&queue, "abc", 3);
  vq_byte_queue_consume (&queue, 3);
  ck_assert_ptr_null (queue.bytes);
  vq_byte_queue_append (&queue, "abc", 3);
  vq_byte_queue_clear (&queue);
  ck_assert_ptr_null (queue.bytes);
  ck_assert_uint_eq (vq_byte_queue_get_length (&queue), 0);
}

/* The bytes are a count. */
static void
append (VqByteQueue *queue, gsize n, guint32 *count)
{
  guint8 bytes[LARGEST];

  for (gsize i = 0; i < n; i++)
    bytes[i] = (*count)++ % 251;
  vq_byte_queue_append (queue, bytes, n);
}

static void
consume (VqByteQueue *queue, gsize n, guint32 *count)
{
  gboolean right = TRUE;

  for (gsize i = 0; i < n; i++)
    right &= vq_byte_queue_peek (queue)[i] == (*count)++ % 251;
  ck_assert (right);
  vq_byte_queue_consume (queue, n);
}

TEST (in_order)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (4711);
  VqByteQueue queue = { 0 };
  guint32 in = 0, out = 0;

  for (int i = 0; i < 20000; i++)
    {
      gsize length = vq_byte_queue_get_length (&queue);

      ck_assert_uint_eq (length, in - out);
      ck_assert_uint_le (queue.size, 2 * LARGEST);
      append (&queue, g_rand_int_range (random, 0, LARGEST - (gint)length + 1), &in);
      length = vq_byte_queue_get_length (&queue);
      consume (&queue, g_rand_int_range (random, 0, (gint)length + 1), &out);
    }
  ck_assert_uint_gt (out, 1000000);
  vq_byte_queue_clear (&queue);
}
