// SPDX-License-Identifier: GPL-2.0-or-later
/* An incremental parser that makes frames of the bytes from the host.
 *
 * Everything before the first HELLO is skipped, because the port may still hold bytes that were
 * meant for somebody else. After that, bytes that are not a frame end the helper. There is one
 * exception: if a connection broke in the middle of a frame, padding takes the place of its missing
 * end, so the frame may make no sense. So a wrong frame that ends in a zero byte is not rejected
 * until it is known whether more padding follows. */
#pragma once

#include "frame.h"

/* Room for several frames of stdin, so that a pipe gets much at once. */
#define INBOX_SIZE (256u * 1024)

typedef struct
{
  size_t start, end; /* of the bytes that are not parsed yet */
  bool synced;       /* HELLO has come */
  bool in_doubt;     /* a frame made no sense, which is all right if padding follows */
  bool bad;
  Why why; /* set if in_doubt or bad */
  uint8_t bytes[INBOX_SIZE];
} Inbox;

typedef enum
{
  INBOX_NEEDS_MORE,
  INBOX_FRAME,
  INBOX_BAD, /* inbox->why says why; nothing more can be parsed */
} InboxResult;

/* Where to put the next bytes, at most *N of them, which is 0 only if there are frames to take.
 * Earlier frames are not valid any more. */
uint8_t *inbox_room (Inbox *inbox, size_t *n);
void inbox_add (Inbox *inbox, size_t n);

/* Gives the next frame; its payload is valid until the next inbox_room. Its type may be unknown, or
 * its payload wrong: see inbox_reject. */
InboxResult inbox_next (Inbox *inbox, Frame *frame);

/* Reports that FRAME, which inbox_next just gave, makes no sense. */
void inbox_reject (Inbox *inbox, const Frame *frame, const Why why);
