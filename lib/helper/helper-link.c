// SPDX-License-Identifier: GPL-2.0-or-later
#include "helper/helper-link.h"

#include <string.h>

#include "base/byte-queue.h"
#include "base/error.h"
#include "helper/helper-frame.h"

struct _VqHelperLink
{
  VqSendQueue *out; /* not owned */
  VqByteQueue kept; /* frames that are not acknowledged */
  gsize unsent;     /* how many bytes at its end were never given to OUT */
  guint32 position; /* of the first byte of KEPT */
  gboolean asleep;
  guint8 hello[VQ_HELPER_HELLO_SIZE];
};

VqHelperLink *
vq_helper_link_new (VqSendQueue *out)
{
  VqHelperLink *link = g_new0 (VqHelperLink, 1);

  link->out = out;
  return link;
}

void
vq_helper_link_free (VqHelperLink *link)
{
  if (link == NULL)
    return;
  vq_byte_queue_clear (&link->kept);
  g_free (link);
}

void
vq_helper_link_begin (VqHelperLink *link, const guint8 *hello)
{
  vq_byte_queue_clear (&link->kept);
  link->unsent = 0;
  link->position = 0;
  link->asleep = FALSE;
  memcpy (link->hello, hello, sizeof link->hello);
}

static void
send_raw (VqHelperLink *link, const void *bytes, gsize n)
{
  vq_send_queue_add (link->out, &(struct iovec){ (void *)bytes, n }, 1);
}

static const guint8 *
get_guard (VqHelperLink *link)
{
  return link->hello + VQ_HELPER_MAGIC_SIZE;
}

void
vq_helper_link_send_padding (VqHelperLink *link)
{
  static const guint8 padding[VQ_HELPER_FRAME_MAX];

  send_raw (link, padding, sizeof padding);
}

/* Sends a frame that is not counted, with N bytes of PAYLOAD. */
static void
send_uncounted (VqHelperLink *link, guint8 type, const guint8 *payload, gsize n)
{
  guint8 header[VQ_HELPER_HEADER_SIZE], trailer[VQ_HELPER_TRAILER_SIZE];
  const struct iovec pieces[]
      = { { header, sizeof header }, { (void *)payload, n }, { trailer, sizeof trailer } };

  vq_helper_frame_put_header (header, type, 0, n);
  vq_helper_frame_put_trailer (trailer, 0, get_guard (link));
  vq_send_queue_add (link->out, pieces, G_N_ELEMENTS (pieces));
}

void
vq_helper_link_send_hello (VqHelperLink *link)
{
  send_uncounted (link, VQ_HELPER_HELLO, link->hello, sizeof link->hello);
}

void
vq_helper_link_send_resume (VqHelperLink *link, guint32 number, guint32 position)
{
  guint8 payload[VQ_HELPER_RESUME_SIZE];

  memcpy (payload, link->hello, VQ_HELPER_HELLO_SIZE);
  vq_helper_frame_put_u32 (payload + VQ_HELPER_HELLO_SIZE, number);
  vq_helper_frame_put_u32 (payload + VQ_HELPER_HELLO_SIZE + 4, position);
  send_uncounted (link, VQ_HELPER_RESUME, payload, sizeof payload);
}

static void
keep (VqHelperLink *link, const void *bytes, gsize n)
{
  vq_byte_queue_append (&link->kept, bytes, n);
  link->unsent += n;
}

static void
add_frame (VqHelperLink *link, guint8 type, guint32 stream, const guint8 *payload, gsize length)
{
  guint8 header[VQ_HELPER_HEADER_SIZE], trailer[VQ_HELPER_TRAILER_SIZE];

  vq_helper_frame_put_header (header, type, stream, length);
  keep (link, header, sizeof header);
  keep (link, payload, length);
  vq_helper_frame_put_trailer (
      trailer, link->position + vq_byte_queue_get_length (&link->kept) + sizeof trailer,
      get_guard (link));
  keep (link, trailer, sizeof trailer);
}

/* Must be the last that is done with the link. */
static void
update_blocked (VqHelperLink *link)
{
  vq_send_queue_set_blocked (
      link->out, link->asleep || vq_byte_queue_get_length (&link->kept) >= VQ_HELPER_UNACKED_MAX);
}

void
vq_helper_link_flush (VqHelperLink *link)
{
  gsize n = link->unsent;

  if (link->asleep || n == 0)
    return;
  link->unsent = 0;
  send_raw (link, vq_byte_queue_peek (&link->kept) + vq_byte_queue_get_length (&link->kept) - n, n);
}

void
vq_helper_link_send (VqHelperLink *link, guint8 type, guint32 stream, const void *payload,
                     gsize length)
{
  do
    {
      gsize part = MIN (length, VQ_HELPER_PAYLOAD_MAX);

      add_frame (link, type, stream, payload, part);
      if (part > 0) /* or else it may be NULL */
        payload = (const guint8 *)payload + part;
      length -= part;
    }
  while (length > 0);
  vq_helper_link_flush (link);
  update_blocked (link);
}

void
vq_helper_link_add_ack (VqHelperLink *link, guint32 position)
{
  guint8 payload[sizeof position];

  vq_helper_frame_put_u32 (payload, position);
  add_frame (link, VQ_HELPER_ACK, 0, payload, sizeof payload);
}

static gboolean
drop (VqHelperLink *link, guint32 position, GError **error)
{
  guint32 n = position - link->position;

  /* An acknowledgement that was sent again may be older than the last one. */
  if (n > G_MAXINT32)
    return TRUE;
  if (n > vq_byte_queue_get_length (&link->kept) - link->unsent)
    return vq_error_set (error, VQ_ERROR_PEER, "an acknowledgement of what it did not get");
  vq_byte_queue_consume (&link->kept, n);
  link->position = position;
  return TRUE;
}

gboolean
vq_helper_link_acknowledge (VqHelperLink *link, guint32 position, GError **error)
{
  if (!drop (link, position, error))
    return FALSE;
  update_blocked (link);
  return TRUE;
}

void
vq_helper_link_fall_asleep (VqHelperLink *link)
{
  link->asleep = TRUE;
  update_blocked (link);
  vq_send_queue_drop (link->out);
}

gboolean
vq_helper_link_wake_up (VqHelperLink *link, guint32 position, GError **error)
{
  if (!drop (link, position, error))
    return FALSE;
  link->asleep = FALSE;
  link->unsent = vq_byte_queue_get_length (&link->kept);
  vq_helper_link_flush (link);
  update_blocked (link);
  return TRUE;
}
