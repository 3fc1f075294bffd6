// SPDX-License-Identifier: GPL-2.0-or-later
#include "frame-maker.h"

#include <check.h>
#include <string.h>

#define GUARD_AT (VQ_HELPER_HEADER_SIZE + VQ_HELPER_MAGIC_SIZE)

guint32
frame_maker_get_u32 (const guint8 *bytes)
{
  return bytes[0] | bytes[1] << 8 | bytes[2] << 16 | (guint32)bytes[3] << 24;
}

void
frame_maker_put_u32 (guint8 *bytes, guint32 number)
{
  for (int i = 0; i < 4; i++)
    bytes[i] = number >> (8 * i) & 0xFF;
}

void
frame_maker_init (FrameMaker *maker)
{
  *maker = (FrameMaker){ .made = g_byte_array_new () };
}

void
frame_maker_clear (FrameMaker *maker)
{
  g_clear_pointer (&maker->made, g_byte_array_unref);
}

void
frame_maker_begin (FrameMaker *maker, const guint8 *nonce)
{
  g_byte_array_set_size (maker->made, 0);
  memcpy (maker->guard, nonce, sizeof maker->guard);
}

gboolean
frame_maker_is_uncounted (const guint8 *frame)
{
  guint n = frame[2] | frame[3] << 8;

  if (frame[0] == VQ_HELPER_HELLO)
    return frame_maker_get_u32 (frame + 4) == 0 && n == VQ_HELPER_HELLO_SIZE;
  return (frame[0] == VQ_HELPER_HELLO_REPLY || frame[0] == VQ_HELPER_RESUME
          || frame[0] == VQ_HELPER_RESUMED)
         && frame_maker_get_u32 (frame + 4) == 0 && n == VQ_HELPER_RESUME_SIZE;
}

void
frame_maker_add (FrameMaker *maker, GByteArray *bytes, guint8 type, guint32 stream,
                 const void *payload, gsize n)
{
  guint at = bytes->len;
  gboolean counted;
  guint8 *frame;

  g_byte_array_set_size (bytes, at + n + FRAME_OVERHEAD);
  frame = bytes->data + at;
  frame[0] = type;
  frame[1] = 0;
  frame[2] = n & 0xFF;
  frame[3] = n >> 8;
  frame_maker_put_u32 (frame + 4, stream);
  if (n > 0)
    memcpy (frame + VQ_HELPER_HEADER_SIZE, payload, n);
  counted = !frame_maker_is_uncounted (frame);
  frame_maker_put_u32 (frame + VQ_HELPER_HEADER_SIZE + n,
                       counted ? maker->made->len + n + FRAME_OVERHEAD : 0);
  memcpy (frame + VQ_HELPER_HEADER_SIZE + n + 4, counted ? maker->guard : frame + GUARD_AT, 4);
  if (counted)
    g_byte_array_append (maker->made, frame, n + FRAME_OVERHEAD);
}

guint32
frame_maker_check (const guint8 *frame, gsize n, guint32 position, const guint8 *guard)
{
  const guint8 *trailer = frame + VQ_HELPER_HEADER_SIZE + n;

  position = frame_maker_is_uncounted (frame) ? 0 : position + n + FRAME_OVERHEAD;
  if (frame_maker_is_uncounted (frame))
    guard = frame + GUARD_AT;
  ck_assert_msg (frame_maker_get_u32 (trailer) == position, "a frame '%c' at %u, not at %u",
                 frame[0], frame_maker_get_u32 (trailer), position);
  ck_assert_mem_eq (trailer + 4, guard, 4);
  return position;
}
