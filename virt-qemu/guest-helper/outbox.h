// SPDX-License-Identifier: GPL-2.0-or-later
/* Frames that wait to be sent, and those that were sent and may have to be sent again, as one
 * sequence of bytes. */
#pragma once

#include "frame.h"

typedef struct
{
  uint8_t *bytes;            /* owned */
  size_t start, sent, end;   /* from SENT on they wait to be sent */
  size_t size;               /* of BYTES */
  uint32_t position;         /* of START */
  uint8_t guard[GUARD_SIZE]; /* of the connection */
  bool failed;               /* a frame has been lost, because there was no memory */
} Outbox;

size_t outbox_waiting (const Outbox *outbox);

/* Whether so much waits for the host's acknowledgement that no bulk data is to be added. */
bool outbox_is_full (const Outbox *outbox);

/* Where to put a payload of at most MAX bytes, or NULL if there is no memory. outbox_end makes a
 * frame of it; without that nothing is sent. */
uint8_t *outbox_begin (Outbox *outbox, size_t max);
void outbox_end (Outbox *outbox, uint8_t type, uint32_t stream, size_t length);

/* Adds a whole frame. PAYLOAD may be NULL if LENGTH is 0. */
void outbox_add (Outbox *outbox, uint8_t type, uint32_t stream, const void *payload, size_t length);
void outbox_add_u32 (Outbox *outbox, uint8_t type, uint32_t stream, uint32_t value);

/* Adds HELLO_REPLY, whose payload begins with magic and nonce. Positions are counted from it. */
void outbox_greet (Outbox *outbox, const uint8_t *payload, size_t length);

/* The first N bytes that wait were sent. */
void outbox_remove (Outbox *outbox, size_t n);

/* The host has taken everything up to POSITION. Returns false if there was no such position. */
bool outbox_acknowledge (Outbox *outbox, uint32_t position);

/* Sends RESUMED, whose payload begins with magic and nonce, and then again all that the host has
 * not acknowledged. */
void outbox_resume (Outbox *outbox, const uint8_t *payload, size_t length);

/* Drops everything. */
void outbox_drop (Outbox *outbox);
/* Frees its memory. It cannot be used any more. */
void outbox_clear (Outbox *outbox);
