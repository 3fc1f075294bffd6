// SPDX-License-Identifier: GPL-2.0-or-later
/* An incremental parser that makes frames of the bytes from the host.
 *
 * Everything before the first HELLO is skipped, because the port may still hold bytes that were
 * meant for somebody else. If a frame is not complete and right, bytes have been lost with an
 * earlier connection, or while the guest slept. Then everything before the next HELLO or RESUME of
 * this connection is skipped, too. */
#pragma once

#include "frame.h"

/* Room for several frames of stdin, so that a pipe gets much at once. */
#define INBOX_SIZE (256u * 1024)

typedef struct
{
  size_t start, end; /* of the bytes that are not parsed yet */
  bool greeted;      /* HELLO has come */
  bool synced;       /* the next byte begins a frame or is padding */
  uint32_t position; /* up to which frames have been taken */
  uint32_t acknowledged;
  uint8_t guard[GUARD_SIZE]; /* of the connection */
  Why why;                   /* set if greeted and not synced */
  uint8_t bytes[INBOX_SIZE];
} Inbox;

/* Where to put the next bytes, at most *N of them, which is 0 only if there are frames to take.
 * Earlier frames are not valid any more. */
uint8_t *inbox_room (Inbox *inbox, size_t *n);
void inbox_add (Inbox *inbox, size_t n);

/* Gives the next frame, or returns false if more must come. The payload is valid until the next
 * inbox_room. The frame has come as it was sent, but its type may be unknown, or its payload
 * wrong. */
bool inbox_next (Inbox *inbox, Frame *frame);

/* Whether the frames' place in the bytes has been lost since the first HELLO. */
bool inbox_is_lost (const Inbox *inbox);

/* Whether the host is due to get inbox->position as an acknowledgement. */
bool inbox_owes_ack (const Inbox *inbox);
