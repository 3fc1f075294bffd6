// SPDX-License-Identifier: GPL-2.0-or-later
#include "outbox.h"

#include <stdlib.h>
#include <string.h>

/* Room for one frame of output, which is the most that waits at once, and for small frames. */
#define SIZE_AT_FIRST (2 * VQ_HELPER_FRAME_MAX)

/* If the buffer is larger than this, it is freed when everything has been sent. */
#define SIZE_TO_KEEP (1024u * 1024)

size_t
outbox_waiting (const Outbox *outbox)
{
  return outbox->end - outbox->sent;
}

bool
outbox_is_full (const Outbox *outbox)
{
  return outbox->end - outbox->start > VQ_HELPER_UNACKED_MAX;
}

static bool
grow (Outbox *outbox, size_t need)
{
  size_t size = outbox->size != 0 ? outbox->size : SIZE_AT_FIRST;
  uint8_t *bytes;

  while (size - outbox->end < need)
    size *= 2;
  bytes = realloc (outbox->bytes, size);
  if (bytes == NULL)
    return false;
  outbox->bytes = bytes;
  outbox->size = size;
  return true;
}

/* Moves all bytes so that they begin at START. */
static void
move (Outbox *outbox, size_t start)
{
  memmove (outbox->bytes + start, outbox->bytes + outbox->start, outbox->end - outbox->start);
  outbox->sent = outbox->sent - outbox->start + start;
  outbox->end = outbox->end - outbox->start + start;
  outbox->start = start;
}

/* Makes room for NEED bytes at the end. Bytes are moved only if at least as many were removed, so
 * moving costs constant time per byte. */
static bool
make_room (Outbox *outbox, size_t need)
{
  if (outbox->size - outbox->end >= need)
    return true;
  if (outbox->start > 0 && outbox->start >= outbox->end - outbox->start)
    move (outbox, 0);
  if (outbox->size - outbox->end < need && !grow (outbox, need))
    outbox->failed = true;
  return !outbox->failed;
}

uint8_t *
outbox_begin (Outbox *outbox, size_t max)
{
  if (!make_room (outbox, VQ_HELPER_HEADER_SIZE + max + VQ_HELPER_TRAILER_SIZE))
    return NULL;
  return outbox->bytes + outbox->end + VQ_HELPER_HEADER_SIZE;
}

/* Completes the frame at FRAME, whose payload is there. */
static void
complete (const Outbox *outbox, uint8_t *frame, uint8_t type, uint32_t stream, size_t length,
          uint32_t position)
{
  uint8_t *trailer = frame + VQ_HELPER_HEADER_SIZE + length;

  frame[0] = type;
  frame[1] = 0;
  frame[2] = length;
  frame[3] = length >> 8;
  put_u32 (frame + 4, stream);
  put_u32 (trailer, position);
  memcpy (trailer + 4, outbox->guard, GUARD_SIZE);
}

void
outbox_end (Outbox *outbox, uint8_t type, uint32_t stream, size_t length)
{
  uint8_t *frame = outbox->bytes + outbox->end;

  outbox->end += FRAME_SIZE (length);
  complete (outbox, frame, type, stream, length, outbox->position + (outbox->end - outbox->start));
}

void
outbox_add (Outbox *outbox, uint8_t type, uint32_t stream, const void *payload, size_t length)
{
  uint8_t *bytes = outbox_begin (outbox, length);

  if (bytes == NULL)
    return;
  if (length > 0)
    memcpy (bytes, payload, length);
  outbox_end (outbox, type, stream, length);
}

void
outbox_add_u32 (Outbox *outbox, uint8_t type, uint32_t stream, uint32_t value)
{
  uint8_t payload[4];

  put_u32 (payload, value);
  outbox_add (outbox, type, stream, payload, sizeof payload);
}

void
outbox_greet (Outbox *outbox, const uint8_t *payload, size_t length)
{
  uint8_t *bytes = outbox_begin (outbox, length);

  if (bytes == NULL)
    return;
  memcpy (bytes, payload, length);
  memcpy (outbox->guard, payload + VQ_HELPER_MAGIC_SIZE, GUARD_SIZE);
  complete (outbox, outbox->bytes + outbox->end, VQ_HELPER_HELLO_REPLY, 0, length, 0);
  outbox->end += FRAME_SIZE (length);
  outbox->position = -(outbox->end - outbox->start);
}

void
outbox_remove (Outbox *outbox, size_t n)
{
  outbox->sent += n;
}

bool
outbox_acknowledge (Outbox *outbox, uint32_t position)
{
  uint32_t n = position - outbox->position;

  /* An acknowledgement that was sent again may be older than the last one. */
  if (n > INT32_MAX)
    return true;
  if (n > outbox->end - outbox->start)
    return false;
  outbox->position = position;
  outbox->start += n;
  if (outbox->sent < outbox->start)
    outbox->sent = outbox->start;
  if (outbox->start == outbox->end)
    outbox_drop (outbox);
  return true;
}

void
outbox_resume (Outbox *outbox, const uint8_t *payload, size_t length)
{
  size_t n = FRAME_SIZE (length);

  if (outbox->start < n)
    {
      if (!make_room (outbox, n))
        return;
      move (outbox, n);
    }
  outbox->start -= n;
  outbox->position -= n;
  outbox->sent = outbox->start;
  memcpy (outbox->bytes + outbox->start + VQ_HELPER_HEADER_SIZE, payload, length);
  complete (outbox, outbox->bytes + outbox->start, VQ_HELPER_RESUMED, 0, length, 0);
}

void
outbox_drop (Outbox *outbox)
{
  outbox->start = outbox->sent = outbox->end = 0;
  if (outbox->size > SIZE_TO_KEEP)
    outbox_clear (outbox);
}

void
outbox_clear (Outbox *outbox)
{
  free (outbox->bytes);
  outbox->bytes = NULL;
  outbox->start = outbox->sent = outbox->end = outbox->size = 0;
}
