// SPDX-License-Identifier: GPL-2.0-or-later
#include "helper/helper-frame.h"

#include <string.h>

#include "base/error.h"

/* The most that one read of the port takes: about as much as a socket holds. The beginning of an
 * incomplete frame is moved to the front before the next read. */
#define READ_SIZE (128u * 1024)

#define U32 sizeof (guint32)
#define HELLO_REPLY_SIZE (VQ_HELPER_HELLO_SIZE + 2 * U32)

/* A HELLO_REPLY up to and including its nonce, or a RESUMED up to and including its number. */
#define MARK_MAX (VQ_HELPER_HEADER_SIZE + VQ_HELPER_HELLO_SIZE + U32)

#define TRAILER_SIZE VQ_HELPER_TRAILER_SIZE
#define GUARD_SIZE U32

struct _VqHelperFrameReader
{
  gsize start, end; /* of the bytes in BUFFER */
  gboolean hunting;
  guint8 mark[MARK_MAX]; /* the bytes that are hunted for */
  gsize mark_size;
  guint32 position;
  guint8 guard[GUARD_SIZE];
  guint8 buffer[READ_SIZE + VQ_HELPER_FRAME_MAX];
};

/* The frames that the helper may send. */
typedef struct
{
  guint8 type;
  gboolean of_stream; /* FALSE: only on stream 0 */
  gsize min, max;     /* length of the payload */
} Form;

static const Form forms[] = {
  { VQ_HELPER_HELLO_REPLY, FALSE, HELLO_REPLY_SIZE, HELLO_REPLY_SIZE },
  { VQ_HELPER_RESUMED, FALSE, VQ_HELPER_RESUME_SIZE, VQ_HELPER_RESUME_SIZE },
  { VQ_HELPER_ACK, FALSE, U32, U32 },
  { VQ_HELPER_FATAL, FALSE, 0, VQ_HELPER_TEXT_MAX },
  { VQ_HELPER_STDOUT, TRUE, 1, VQ_HELPER_PAYLOAD_MAX },
  { VQ_HELPER_STDERR, TRUE, 1, VQ_HELPER_PAYLOAD_MAX },
  { VQ_HELPER_STDIN_CREDIT, TRUE, U32, U32 },
  { VQ_HELPER_STDIN_CLOSED, TRUE, 0, 0 },
  { VQ_HELPER_EXITED, TRUE, U32, U32 },
  { VQ_HELPER_SIGNALLED, TRUE, U32, U32 },
  { VQ_HELPER_NOT_STARTED, TRUE, 0, VQ_HELPER_TEXT_MAX },
  { VQ_HELPER_DONE, TRUE, U32, U32 },
};

guint32
vq_helper_frame_get_u32 (const guint8 *bytes)
{
  guint32 number;

  memcpy (&number, bytes, sizeof number);
  return GUINT32_FROM_LE (number);
}

void
vq_helper_frame_put_u32 (guint8 *bytes, guint32 number)
{
  number = GUINT32_TO_LE (number);
  memcpy (bytes, &number, sizeof number);
}

void
vq_helper_frame_put_header (guint8 *header, guint8 type, guint32 stream, gsize length)
{
  header[0] = type;
  header[1] = 0;
  header[2] = length & 0xFF;
  header[3] = length >> 8;
  vq_helper_frame_put_u32 (header + 4, stream);
}

void
vq_helper_frame_put_trailer (guint8 *trailer, guint32 position, const guint8 *guard)
{
  vq_helper_frame_put_u32 (trailer, position);
  memcpy (trailer + U32, guard, GUARD_SIZE);
}

VqHelperFrameReader *
vq_helper_frame_reader_new (void)
{
  VqHelperFrameReader *reader = g_malloc (sizeof *reader);

  /* The buffer is not cleared, so that its pages take memory only when they are used. */
  reader->start = reader->end = 0;
  reader->hunting = FALSE;
  reader->position = 0;
  memset (reader->guard, 0, sizeof reader->guard);
  return reader;
}

void
vq_helper_frame_reader_free (VqHelperFrameReader *reader)
{
  g_free (reader);
}

static void
hunt (VqHelperFrameReader *reader, guint8 type, gsize length, const guint8 *hello)
{
  reader->start = reader->end = 0;
  reader->hunting = TRUE;
  vq_helper_frame_put_header (reader->mark, type, 0, length);
  memcpy (reader->mark + VQ_HELPER_HEADER_SIZE, hello, VQ_HELPER_HELLO_SIZE);
  reader->mark_size = VQ_HELPER_HEADER_SIZE + VQ_HELPER_HELLO_SIZE;
  memcpy (reader->guard, hello + VQ_HELPER_MAGIC_SIZE, GUARD_SIZE);
}

void
vq_helper_frame_reader_hunt_reply (VqHelperFrameReader *reader, const guint8 *hello)
{
  hunt (reader, VQ_HELPER_HELLO_REPLY, HELLO_REPLY_SIZE, hello);
}

void
vq_helper_frame_reader_hunt_resumed (VqHelperFrameReader *reader, const guint8 *hello,
                                     guint32 number)
{
  hunt (reader, VQ_HELPER_RESUMED, VQ_HELPER_RESUME_SIZE, hello);
  vq_helper_frame_put_u32 (reader->mark + reader->mark_size, number);
  reader->mark_size += U32;
}

guint32
vq_helper_frame_reader_get_position (VqHelperFrameReader *reader)
{
  return reader->position;
}

guint8 *
vq_helper_frame_reader_get_room (VqHelperFrameReader *reader, gsize *n)
{
  gsize rest = reader->end - reader->start;

  g_assert (rest < VQ_HELPER_FRAME_MAX);
  memmove (reader->buffer, reader->buffer + reader->start, rest);
  reader->start = 0;
  reader->end = rest;
  *n = READ_SIZE;
  return reader->buffer + rest;
}

void
vq_helper_frame_reader_add (VqHelperFrameReader *reader, gsize n)
{
  g_assert (n <= sizeof reader->buffer - reader->end);
  reader->end += n;
}

/* Drops all bytes before the mark. Returns TRUE if the mark has come completely. */
static gboolean
find_mark (VqHelperFrameReader *reader)
{
  const guint8 *bytes = reader->buffer + reader->start;
  gsize n = reader->end - reader->start;
  const guint8 *mark = memmem (bytes, n, reader->mark, reader->mark_size);

  if (mark != NULL)
    reader->start += mark - bytes;
  else if (n >= reader->mark_size)
    reader->start = reader->end - (reader->mark_size - 1);
  return mark != NULL;
}

static void
skip_padding (VqHelperFrameReader *reader)
{
  while (reader->start < reader->end && reader->buffer[reader->start] == 0)
    reader->start++;
}

static const Form *
find_form (guint8 type)
{
  for (guint i = 0; i < G_N_ELEMENTS (forms); i++)
    if (forms[i].type == type)
      return &forms[i];
  return NULL;
}

static gboolean
check_header (const guint8 *header, const VqHelperFrame *frame, GError **error)
{
  const Form *form = find_form (frame->type);

  if (form == NULL || header[1] != 0)
    return vq_error_set (error, VQ_ERROR_PEER, "a frame of unknown type (0x%02x%02x)", frame->type,
                         header[1]);
  if (frame->length < form->min || frame->length > form->max)
    return vq_error_set (error, VQ_ERROR_PEER, "a frame of type '%c' with a length of %zu",
                         frame->type, frame->length);
  if (form->of_stream != (frame->stream != 0))
    return vq_error_set (error, VQ_ERROR_PEER, "a frame of type '%c' for stream %u", frame->type,
                         frame->stream);
  return TRUE;
}

/* Checks what follows the payload of FRAME, and counts the frame. */
static gboolean
check_trailer (VqHelperFrameReader *reader, const VqHelperFrame *frame, GError **error)
{
  guint8 trailer[TRAILER_SIZE];
  guint32 position = 0;

  if (frame->type != VQ_HELPER_HELLO_REPLY && frame->type != VQ_HELPER_RESUMED)
    position = reader->position + VQ_HELPER_HEADER_SIZE + frame->length + TRAILER_SIZE;
  vq_helper_frame_put_trailer (trailer, position, reader->guard);
  if (memcmp (frame->payload + frame->length, trailer, sizeof trailer) != 0)
    return vq_error_set (error, VQ_ERROR_PEER, "a frame of type '%c' at a wrong position",
                         frame->type);
  if (frame->type != VQ_HELPER_RESUMED)
    reader->position = position;
  return TRUE;
}

VqHelperFrameState
vq_helper_frame_reader_next (VqHelperFrameReader *reader, VqHelperFrame *frame, GError **error)
{
  const guint8 *header;
  gsize n;

  if (reader->hunting && !find_mark (reader))
    return VQ_HELPER_FRAME_PARTIAL;
  skip_padding (reader);
  header = reader->buffer + reader->start;
  n = reader->end - reader->start;
  if (n < VQ_HELPER_HEADER_SIZE)
    return VQ_HELPER_FRAME_PARTIAL;
  *frame = (VqHelperFrame){ .type = header[0],
                            .stream = vq_helper_frame_get_u32 (header + 4),
                            .payload = header + VQ_HELPER_HEADER_SIZE,
                            .length = header[2] | header[3] << 8 };
  if (!check_header (header, frame, error))
    return VQ_HELPER_FRAME_WRONG;
  if (n - VQ_HELPER_HEADER_SIZE < frame->length + TRAILER_SIZE)
    return VQ_HELPER_FRAME_PARTIAL;
  if (!check_trailer (reader, frame, error))
    return VQ_HELPER_FRAME_WRONG;
  reader->hunting = FALSE;
  reader->start += VQ_HELPER_HEADER_SIZE + frame->length + TRAILER_SIZE;
  return VQ_HELPER_FRAME_COMPLETE;
}
