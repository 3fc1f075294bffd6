// SPDX-License-Identifier: GPL-2.0-or-later
/* Frames that wait to be sent, as one run of bytes. */
#pragma once

#include "frame.h"

typedef struct
{
  uint8_t *bytes; /* owned */
  size_t start, end, size;
  bool used;   /* there has been a frame, ever */
  bool failed; /* out of memory: a frame has been lost */
} Outbox;

size_t outbox_waiting (const Outbox *outbox);

/* Where to put a payload of at most MAX bytes; NULL if there is no memory. It becomes a frame with
 * outbox_end, nothing without. */
uint8_t *outbox_begin (Outbox *outbox, size_t max);
void outbox_end (Outbox *outbox, uint8_t type, uint32_t stream, size_t length);

/* A whole frame. PAYLOAD may be NULL if LENGTH is 0. */
void outbox_add (Outbox *outbox, uint8_t type, uint32_t stream, const void *payload, size_t length);
void outbox_add_u32 (Outbox *outbox, uint8_t type, uint32_t stream, uint32_t value);

/* VQ_HELPER_FRAME_MAX zero bytes. */
void outbox_add_padding (Outbox *outbox);

/* N bytes have gone. */
void outbox_remove (Outbox *outbox, size_t n);
/* Drops all. */
void outbox_drop (Outbox *outbox);
/* Frees what it has; it is no longer of use. */
void outbox_clear (Outbox *outbox);
