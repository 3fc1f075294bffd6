// SPDX-License-Identifier: GPL-2.0-or-later
#include "helper/helper-frame.h"

#include <string.h>

#include "base/error.h"

/* The most that one read of the port takes: about as much as a socket holds. The beginning of an
 * incomplete frame is moved to the front before the next read. */
#define READ_SIZE (128u * 1024)

#define U32 sizeof (guint32)
#define HELLO_SIZE (VQ_HELPER_MAGIC_SIZE + VQ_HELPER_NONCE_SIZE)
#define HELLO_REPLY_SIZE (HELLO_SIZE + 2 * U32)

/* A HELLO_REPLY up to and including its nonce. */
#define MARK_SIZE (VQ_HELPER_HEADER_SIZE + HELLO_SIZE)

struct _VqHelperFrameReader
{
  gsize start, end; /* of the bytes in BUFFER */
  gboolean hunting;
  guint8 mark[MARK_SIZE]; /* the bytes that are hunted for */
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

VqHelperFrameReader *
vq_helper_frame_reader_new (void)
{
  VqHelperFrameReader *reader = g_malloc (sizeof *reader);

  /* The buffer is not cleared, so that its pages take memory only when they are used. */
  reader->start = reader->end = 0;
  reader->hunting = FALSE;
  return reader;
}

void
vq_helper_frame_reader_free (VqHelperFrameReader *reader)
{
  g_free (reader);
}

void
vq_helper_frame_reader_hunt (VqHelperFrameReader *reader, const guint8 *hello)
{
  reader->start = reader->end = 0;
  reader->hunting = TRUE;
  vq_helper_frame_put_header (reader->mark, VQ_HELPER_HELLO_REPLY, 0, HELLO_REPLY_SIZE);
  memcpy (reader->mark + VQ_HELPER_HEADER_SIZE, hello, HELLO_SIZE);
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
  const guint8 *mark = memmem (bytes, n, reader->mark, MARK_SIZE);

  if (mark != NULL)
    reader->start += mark - bytes;
  else if (n >= MARK_SIZE)
    reader->start = reader->end - (MARK_SIZE - 1);
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
  if (n - VQ_HELPER_HEADER_SIZE < frame->length)
    return VQ_HELPER_FRAME_PARTIAL;
  reader->hunting = FALSE;
  reader->start += VQ_HELPER_HEADER_SIZE + frame->length;
  return VQ_HELPER_FRAME_COMPLETE;
}
