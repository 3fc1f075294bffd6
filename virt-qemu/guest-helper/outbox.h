// SPDX-License-Identifier: GPL-2.0-or-later
/* Frames that wait to be sent, as one sequence of bytes. */
#pragma once

#include "frame.h"

typedef struct
{
  uint8_t *bytes; /* owned */
  size_t start, end, size;
  bool used;   /* there has been at least one frame */
  bool failed; /* a frame has been lost, because there was no memory */
} Outbox;

size_t outbox_waiting (const Outbox *outbox);

/* Where to put a payload of at most MAX bytes, or NULL if there is no memory. outbox_end makes a
 * frame of it; without that nothing is sent. */
uint8_t *outbox_begin (Outbox *outbox, size_t max);
void outbox_end (Outbox *outbox, uint8_t type, uint32_t stream, size_t length);

/* Adds a whole frame. PAYLOAD may be NULL if LENGTH is 0. */
void outbox_add (Outbox *outbox, uint8_t type, uint32_t stream, const void *payload, size_t length);
void outbox_add_u32 (Outbox *outbox, uint8_t type, uint32_t stream, uint32_t value);

/* Adds VQ_HELPER_FRAME_MAX zero bytes. */
void outbox_add_padding (Outbox *outbox);

/* Removes the first N bytes, which were sent. */
void outbox_remove (Outbox *outbox, size_t n);
/* Drops everything. */
void outbox_drop (Outbox *outbox);
/* Frees its memory. It cannot be used any more. */
void outbox_clear (Outbox *outbox);
