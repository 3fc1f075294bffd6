// SPDX-License-Identifier: GPL-2.0-or-later
/* Frames of helper-wire.h as bytes, for the fakes at both ends. It numbers them, right or wrong,
 * and remembers them, so that they can be sent again. It shares no code with what is tested. */
#pragma once

#include <glib.h>

#include "helper/helper-wire.h"

#define FRAME_OVERHEAD (VQ_HELPER_HEADER_SIZE + VQ_HELPER_TRAILER_SIZE)

typedef struct
{
  guint8 guard[4];
  GByteArray *made; /* owned; all counted frames, so its length is the position */
} FrameMaker;

void frame_maker_init (FrameMaker *maker);
void frame_maker_clear (FrameMaker *maker);

/* A connection with NONCE begins. */
void frame_maker_begin (FrameMaker *maker, const guint8 *nonce);

/* Appends a frame to BYTES. HELLO, RESUME and their answers are not counted, and have the guard
 * that is in their payload. */
void frame_maker_add (FrameMaker *maker, GByteArray *bytes, guint8 type, guint32 stream,
                      const void *payload, gsize n);

/* Checks the trailer of a FRAME with N bytes of payload that has come after POSITION with guard
 * GUARD. Returns its position. */
guint32 frame_maker_check (const guint8 *frame, gsize n, guint32 position, const guint8 *guard);

/* Whether FRAME, of which there is the header at least, is not counted. */
gboolean frame_maker_is_uncounted (const guint8 *frame);

guint32 frame_maker_get_u32 (const guint8 *bytes);
void frame_maker_put_u32 (guint8 *bytes, guint32 number);
