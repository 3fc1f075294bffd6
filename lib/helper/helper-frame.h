// SPDX-License-Identifier: GPL-2.0-or-later
/* The frames of helper-wire.h as bytes: makes headers, and takes apart what the guest sends.
 * Knows the form of each frame, but no streams and no order. No input, however wrong, makes it
 * hold more than its buffer. */
#pragma once

#include <glib.h>

#include "helper/helper-wire.h"

typedef struct
{
  guint8 type;
  guint32 stream;
  const guint8 *payload;
  gsize length; /* of PAYLOAD */
} VqHelperFrame;

/* Little-endian numbers in payloads. */
guint32 vq_helper_frame_get_u32 (const guint8 *bytes);
void vq_helper_frame_put_u32 (guint8 *bytes, guint32 number);

/* Fills in HEADER, of VQ_HELPER_HEADER_SIZE bytes. */
void vq_helper_frame_put_header (guint8 *header, guint8 type, guint32 stream, gsize length);

/* Takes frames of the helper out of a stream of bytes. */
typedef struct _VqHelperFrameReader VqHelperFrameReader;

VqHelperFrameReader *vq_helper_frame_reader_new (void);
void vq_helper_frame_reader_free (VqHelperFrameReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqHelperFrameReader, vq_helper_frame_reader_free)

/* Forgets all that has come. The next frame will be the HELLO_REPLY to HELLO, the magic bytes and a
 * nonce, and whatever comes before it is dropped. */
void vq_helper_frame_reader_hunt (VqHelperFrameReader *reader, const guint8 *hello);

/* Where the next bytes go: *N of them at most, never 0. To be asked only when all complete frames
 * have been taken; frames that were given are not valid any more. */
guint8 *vq_helper_frame_reader_get_room (VqHelperFrameReader *reader, gsize *n);

/* N bytes are there now. */
void vq_helper_frame_reader_add (VqHelperFrameReader *reader, gsize n);

typedef enum
{
  VQ_HELPER_FRAME_COMPLETE,
  VQ_HELPER_FRAME_PARTIAL, /* more bytes must come first */
  VQ_HELPER_FRAME_WRONG,   /* for good, until the next hunt */
} VqHelperFrameState;

/* Gives the next frame, without padding; its payload is valid until get_room or hunt is called. Of
 * a wrong one *ERROR says what is wrong ("a frame of no known type (0x41)"); it is told as soon
 * as its header is there. */
VqHelperFrameState vq_helper_frame_reader_next (VqHelperFrameReader *reader, VqHelperFrame *frame,
                                                GError **error);
