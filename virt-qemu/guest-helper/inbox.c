// SPDX-License-Identifier: GPL-2.0-or-later
#include "inbox.h"

#include <string.h>

#define HELLO_LENGTH (VQ_HELPER_MAGIC_SIZE + VQ_HELPER_NONCE_SIZE)

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

/* Drops everything before the first HELLO. Returns false if HELLO has not come completely. */
static bool
find_hello (Inbox *inbox)
{
  static const char begin[] = "H\0\x18\0\0\0\0\0" VQ_HELPER_MAGIC;
  const size_t length = sizeof begin - 1;

  _Static_assert(VQ_HELPER_HELLO == 'H' && HELLO_LENGTH == 0x18, "the beginning of HELLO");
  for (; inbox->start < inbox->end; inbox->start++)
    {
      size_t n = inbox->end - inbox->start;

      if (memcmp (inbox->bytes + inbox->start, begin, MIN (n, length)) == 0)
        return inbox->synced = n >= length;
    }
  return false;
}

static void
skip_padding (Inbox *inbox)
{
  while (inbox->start < inbox->end && inbox->bytes[inbox->start] == 0)
    {
      inbox->start++;
      inbox->in_doubt = false;
    }
}

static InboxResult
take_frame (Inbox *inbox, Frame *frame)
{
  const uint8_t *header = inbox->bytes + inbox->start;
  size_t n = inbox->end - inbox->start;

  if (n < VQ_HELPER_HEADER_SIZE)
    return INBOX_NEEDS_MORE;
  frame->type = header[0];
  frame->length = header[2] | (uint32_t)header[3] << 8;
  frame->stream = get_u32 (header + 4);
  frame->payload = header + VQ_HELPER_HEADER_SIZE;
  if (header[1] != 0 || frame->length > VQ_HELPER_PAYLOAD_MAX)
    {
      inbox->bad = true;
      explain (inbox->why, "this is not a frame: %02x %02x %02x %02x", header[0], header[1],
               header[2], header[3]);
      return INBOX_BAD;
    }
  if (n < VQ_HELPER_HEADER_SIZE + frame->length)
    return INBOX_NEEDS_MORE;
  inbox->start += VQ_HELPER_HEADER_SIZE + frame->length;
  return INBOX_FRAME;
}

InboxResult
inbox_next (Inbox *inbox, Frame *frame)
{
  if (!inbox->bad && !inbox->synced && !find_hello (inbox))
    return INBOX_NEEDS_MORE;
  if (!inbox->bad)
    skip_padding (inbox);
  if (inbox->in_doubt && inbox->start < inbox->end)
    inbox->bad = true;
  if (inbox->bad)
    return INBOX_BAD;
  return take_frame (inbox, frame);
}

void
inbox_reject (Inbox *inbox, const Frame *frame, const Why why)
{
  memcpy (inbox->why, why, sizeof (Why));
  inbox->in_doubt = true;
  /* If there is no payload, this is the last byte of the header. */
  if (frame->payload[(ptrdiff_t)frame->length - 1] != 0)
    inbox->bad = true;
}
