// SPDX-License-Identifier: GPL-2.0-or-later
#include "inbox.h"

#include <string.h>

uint8_t *
inbox_room (Inbox *inbox, size_t *n)
{
  if (inbox->start == inbox->end)
    inbox->start = inbox->end = 0;
  if (INBOX_SIZE - inbox->end < VQ_HELPER_FRAME_MAX && inbox->start > 0)
    {
      memmove (inbox->bytes, inbox->bytes + inbox->start, inbox->end - inbox->start);
      inbox->end -= inbox->start;
      inbox->start = 0;
    }
  *n = INBOX_SIZE - inbox->end;
  return inbox->bytes + inbox->end;
}

void
inbox_add (Inbox *inbox, size_t n)
{
  inbox->end += n;
}

/* HELLO and RESUME, which are not counted and have their own nonce as the guard. */
static bool
is_greeting (const Frame *frame)
{
  return frame->stream == 0 && (frame->type == VQ_HELPER_HELLO || frame->type == VQ_HELPER_RESUME)
         && frame->length
                == (frame->type == VQ_HELPER_HELLO ? VQ_HELPER_HELLO_SIZE : VQ_HELPER_RESUME_SIZE);
}

static void
look_at (const uint8_t *bytes, Frame *frame)
{
  frame->type = bytes[0];
  frame->length = bytes[2] | (uint32_t)bytes[3] << 8;
  frame->stream = get_u32 (bytes + 4);
  frame->payload = bytes + VQ_HELPER_HEADER_SIZE;
}

static bool
has_trailer (const Frame *frame, uint32_t position, const uint8_t *guard)
{
  const uint8_t *trailer = frame->payload + frame->length;

  return get_u32 (trailer) == position && memcmp (trailer + 4, guard, GUARD_SIZE) == 0;
}

/* A RESUME of another connection means nothing to us. */
static bool
is_good_greeting (const Inbox *inbox, const Frame *frame)
{
  const uint8_t *guard = frame->payload + VQ_HELPER_MAGIC_SIZE;

  return has_trailer (frame, 0, guard)
         && (frame->type == VQ_HELPER_HELLO
             || (inbox->greeted && memcmp (guard, inbox->guard, GUARD_SIZE) == 0));
}

/* Drops everything before the next HELLO or RESUME. Returns false if it has not come completely. */
static bool
find_greeting (Inbox *inbox, Frame *frame)
{
  for (; inbox->end - inbox->start >= VQ_HELPER_HEADER_SIZE + VQ_HELPER_MAGIC_SIZE; inbox->start++)
    {
      const uint8_t *bytes = inbox->bytes + inbox->start;

      if (memcmp (bytes + VQ_HELPER_HEADER_SIZE, VQ_HELPER_MAGIC, VQ_HELPER_MAGIC_SIZE) != 0)
        continue;
      look_at (bytes, frame);
      if (bytes[1] != 0 || !is_greeting (frame))
        continue;
      if (inbox->end - inbox->start < FRAME_SIZE (frame->length))
        return false;
      if (is_good_greeting (inbox, frame))
        return inbox->synced = true;
    }
  return false;
}

static void
skip_padding (Inbox *inbox)
{
  while (inbox->start < inbox->end && inbox->bytes[inbox->start] == 0)
    inbox->start++;
}

/* Returns false if FRAME is not what was sent. */
static bool
take (Inbox *inbox, const Frame *frame)
{
  uint32_t position = inbox->position + FRAME_SIZE (frame->length);

  if (is_greeting (frame) && is_good_greeting (inbox, frame))
    {
      if (frame->type == VQ_HELPER_RESUME)
        return true;
      inbox->greeted = true;
      memcpy (inbox->guard, frame->payload + VQ_HELPER_MAGIC_SIZE, GUARD_SIZE);
      inbox->position = inbox->acknowledged = 0;
      return true;
    }
  if (!has_trailer (frame, position, inbox->guard))
    return false;
  inbox->position = position;
  return true;
}

/* Notes that there is no frame at the start, but BYTES. */
static bool
lose (Inbox *inbox, const uint8_t *bytes)
{
  explain (inbox->why, "this is not a frame: %02x %02x %02x %02x", bytes[0], bytes[1], bytes[2],
           bytes[3]);
  inbox->start++;
  return inbox->synced = false;
}

bool
inbox_next (Inbox *inbox, Frame *frame)
{
  const uint8_t *bytes;
  size_t n;

  do
    {
      if (!inbox->synced && !find_greeting (inbox, frame))
        return false;
      skip_padding (inbox);
      bytes = inbox->bytes + inbox->start;
      n = inbox->end - inbox->start;
      if (n < VQ_HELPER_HEADER_SIZE)
        return false;
      look_at (bytes, frame);
      if (bytes[1] == 0 && frame->length <= VQ_HELPER_PAYLOAD_MAX && n < FRAME_SIZE (frame->length))
        return false;
    }
  while ((bytes[1] != 0 || frame->length > VQ_HELPER_PAYLOAD_MAX || !take (inbox, frame))
         && !lose (inbox, bytes));
  inbox->start += FRAME_SIZE (frame->length);
  return true;
}

bool
inbox_is_lost (const Inbox *inbox)
{
  return inbox->greeted && !inbox->synced;
}

bool
inbox_owes_ack (const Inbox *inbox)
{
  return inbox->position - inbox->acknowledged >= VQ_HELPER_ACK_BYTES;
}
