// SPDX-License-Identifier: GPL-2.0-or-later
/* Bytes from the host in, frames out: an incremental parser.
 *
 * Up to the first HELLO everything is skipped, whatever it is: the port may still hold what was
 * meant for somebody else. After that, what is no frame ends the helper. But a frame that lost its
 * end with an old connection ends in padding, and so may seem to make no sense: one that ends in a
 * zero byte is judged only when it is known whether padding follows. */
#pragma once

#include "frame.h"

/* Several frames of stdin, so that a pipe gets much at once. */
#define INBOX_SIZE (256u * 1024)

typedef struct
{
  size_t start, end; /* of what is not parsed */
  bool synced;       /* HELLO has come */
  bool in_doubt;     /* a frame made no sense; padding would excuse it */
  bool bad;
  Why why; /* with in_doubt and bad */
  uint8_t bytes[INBOX_SIZE];
} Inbox;

typedef enum
{
  INBOX_NEEDS_MORE,
  INBOX_FRAME,
  INBOX_BAD, /* for inbox->why; there is no way on */
} InboxResult;

/* Where to put what is read next, at most *N bytes, which is 0 only if there are frames to take.
 * Frames from before are no longer valid. */
uint8_t *inbox_room (Inbox *inbox, size_t *n);
void inbox_add (Inbox *inbox, size_t n);

/* Takes a frame; its payload is valid until the next inbox_room. Its type may be unknown, its
 * payload wrong: see inbox_reject. */
InboxResult inbox_next (Inbox *inbox, Frame *frame);

/* FRAME, which inbox_next just gave, makes no sense. */
void inbox_reject (Inbox *inbox, const Frame *frame, const Why why);
