// SPDX-License-Identifier: GPL-2.0-or-later
/* The frames of helper-wire.h as bytes: makes headers, and parses what the guest sends. It knows
 * the form of each frame, but nothing of streams and of the order of frames. Whatever the guest
 * sends, it uses no more memory than its buffer. */
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

/* Read and write little-endian numbers in payloads. */
guint32 vq_helper_frame_get_u32 (const guint8 *bytes);
void vq_helper_frame_put_u32 (guint8 *bytes, guint32 number);

/* Fills in HEADER, which has VQ_HELPER_HEADER_SIZE bytes. */
void vq_helper_frame_put_header (guint8 *header, guint8 type, guint32 stream, gsize length);

/* Fills in TRAILER, which has VQ_HELPER_TRAILER_SIZE bytes. GUARD is the nonce of the connection.
 */
void vq_helper_frame_put_trailer (guint8 *trailer, guint32 position, const guint8 *guard);

/* Finds the helper's frames in a stream of bytes. */
typedef struct _VqHelperFrameReader VqHelperFrameReader;

VqHelperFrameReader *vq_helper_frame_reader_new (void);
void vq_helper_frame_reader_free (VqHelperFrameReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqHelperFrameReader, vq_helper_frame_reader_free)

/* Drops everything that has come. The next frame will be the HELLO_REPLY to HELLO (the magic bytes
 * and a nonce), or the RESUMED with HELLO and NUMBER; everything before it is dropped too. */
void vq_helper_frame_reader_hunt_reply (VqHelperFrameReader *reader, const guint8 *hello);
void vq_helper_frame_reader_hunt_resumed (VqHelperFrameReader *reader, const guint8 *hello,
                                          guint32 number);

/* Up to which position frames have been given since HELLO_REPLY. */
guint32 vq_helper_frame_reader_get_position (VqHelperFrameReader *reader);

/* Where to put the next bytes, at most *N of them, which is never 0. To be called only when all
 * complete frames have been taken; earlier frames are not valid any more. */
guint8 *vq_helper_frame_reader_get_room (VqHelperFrameReader *reader, gsize *n);

/* Tells that N bytes were put there. */
void vq_helper_frame_reader_add (VqHelperFrameReader *reader, gsize n);

typedef enum
{
  VQ_HELPER_FRAME_COMPLETE,
  VQ_HELPER_FRAME_PARTIAL, /* more bytes are needed */
  VQ_HELPER_FRAME_WRONG,   /* nothing more is parsed until the next hunt */
} VqHelperFrameState;

/* Gives the next frame and skips padding. The payload is valid until get_room or hunt is called. If
 * a frame is wrong, *ERROR says how ("a frame of unknown type (0x41)"), as soon as its header is
 * there. A frame that has lost some of its bytes, or that comes after lost ones, is wrong. */
VqHelperFrameState vq_helper_frame_reader_next (VqHelperFrameReader *reader, VqHelperFrame *frame,
                                                GError **error);
