// SPDX-License-Identifier: GPL-2.0-or-later
/* States: OFF (at first and after a failure; nothing is read), HUNTING (HELLO has been sent, and
 * everything up to its reply is dropped), ON. Failures are reported from the main loop, so that no
 * callback comes from inside a call.
 *
 * A guest that falls asleep loses some of what was sent, and the port closes. We may read what
 * comes after the loss before we hear of the port, so wrong frames lead from ON to LOST: nothing is
 * read, and the connection fails unless the port closes soon. When the port closes, ON and LOST
 * become ASLEEP: everything up to the reply to our RESUME is dropped, which is sent when the port
 * opens. Streams do not notice any of that. */
#include "helper/helper-port.h"

#include <errno.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/random.h"
#include "base/text.h"
#include "helper/helper-link.h"

#define HELLO_MS 250

/* How long a helper that woke up may take to answer. */
#define RESUME_SECONDS 30

/* More than enough reads to empty a socket. */
#define LAST_READS 16

typedef enum
{
  OFF,
  HUNTING,
  ON,
  LOST,
  ASLEEP,
} State;

/* Counts references, because a callback may free the port that is calling it. */
struct _VqHelperPort
{
  int fd; /* owned */
  State state;
  gboolean freed;
  gboolean open;
  GBytes *push;         /* owned; sent when the port opens */
  gboolean driver_down; /* the guest's driver of all ports is gone */
  VqSendQueue *out;
  VqHelperLink *link;
  VqHelperFrameReader *in;
  guint read_id;
  guint hello_id;
  guint close_id;       /* set when the guest has closed the port */
  guint doubt_id;       /* set while LOST or ASLEEP, to fail later */
  GError *doubt;        /* owned; the failure, if doubt_id is set */
  guint32 resume;       /* number of the last RESUME */
  guint32 acknowledged; /* up to which position what the helper sent is acknowledged */
  guint grace;          /* milliseconds */
  guint tell_id;        /* set when a failure is to be reported */
  gboolean tell_of_end; /* that failure is the end of a connection */
  guint8 hello[VQ_HELPER_HELLO_SIZE];
  guint replies_due;
  GError *error; /* NULL: ON, LOST or ASLEEP */
  VqHelperStreams *streams;
  VqHelperFailed on_failed;
  gpointer on_failed_data;
};

static void
clear (gpointer data)
{
  VqHelperPort *port = data;

  vq_helper_link_free (port->link);
  vq_helper_frame_reader_free (port->in);
  vq_helper_streams_free (port->streams);
  g_clear_error (&port->error);
}

static void
release (VqHelperPort *port)
{
  g_rc_box_release_full (port, clear);
}

static gboolean
is_connected (VqHelperPort *port)
{
  return port->state == ON || port->state == LOST || port->state == ASLEEP;
}

static void
end_doubt (VqHelperPort *port)
{
  g_clear_handle_id (&port->doubt_id, g_source_remove);
  g_clear_error (&port->doubt);
}

static void
stop_sources (VqHelperPort *port)
{
  end_doubt (port);
  g_clear_handle_id (&port->read_id, g_source_remove);
  g_clear_handle_id (&port->hello_id, g_source_remove);
  g_clear_handle_id (&port->close_id, g_source_remove);
}

static gboolean
tell_failed (gpointer data)
{
  VqHelperPort *port = g_rc_box_acquire (data);
  g_autoptr (GError) reason = g_error_copy (port->error);
  gboolean of_end = port->tell_of_end && port->on_failed != NULL;

  port->tell_id = 0;
  port->tell_of_end = FALSE;
  if (of_end)
    port->on_failed (reason, port->on_failed_data);
  vq_helper_streams_fail (port->streams, reason);
  release (port);
  return G_SOURCE_REMOVE;
}

static void
tell_soon (VqHelperPort *port, guint milliseconds)
{
  if (port->tell_id != 0)
    return;
  if (milliseconds > 0)
    port->tell_id = g_timeout_add (milliseconds, tell_failed, port);
  else
    port->tell_id = g_idle_add_full (G_PRIORITY_DEFAULT, tell_failed, port, NULL);
}

/* Reports a failure to those who are waiting to hear of it. */
static void
tell_now (VqHelperPort *port)
{
  if (port->tell_id == 0)
    return;
  g_source_remove (port->tell_id);
  tell_failed (port);
}

static void
set_error (VqHelperPort *port, GError *error)
{
  g_clear_error (&port->error);
  port->error = error;
}

/* Ends the connection, or the attempt to make one, because of ERROR, which is taken over. This is
 * reported after GRACE milliseconds. */
static void
fail_late (VqHelperPort *port, GError *error, guint grace)
{
  if (port->freed)
    {
      g_error_free (error);
      return;
    }
  stop_sources (port);
  vq_send_queue_clear (port->out);
  vq_helper_link_begin (port->link, port->hello);
  set_error (port, error);
  port->tell_of_end |= is_connected (port);
  if (port->tell_of_end || vq_helper_streams_get_number (port->streams) > 0)
    tell_soon (port, grace);
  port->state = OFF;
}

static void
fail (VqHelperPort *port, GError *error)
{
  fail_late (port, error, 0);
}

/* ERRNUM may be 0. */
static void
lose_connection (VqHelperPort *port, const char *how, int errnum)
{
  GError *error
      = g_error_new (VQ_ERROR, VQ_ERROR_PEER, "the connection to the guest helper %s%s%s", how,
                     errnum != 0 ? ": " : "", errnum != 0 ? g_strerror (errnum) : "");

  vq_error_note_errno (error, errnum);
  fail_late (port, error, port->grace);
}

static void
on_send_failed (int errnum, gpointer data)
{
  VqHelperPort *port = data;

  lose_connection (port, "is broken", errnum);
}

static gboolean
on_doubt (gpointer data)
{
  VqHelperPort *port = data;

  port->doubt_id = 0;
  fail (port, g_steal_pointer (&port->doubt));
  return G_SOURCE_REMOVE;
}

/* The connection fails with ERROR, which is taken over, unless something happens within
 * MILLISECONDS. */
static void
doubt (VqHelperPort *port, GError *error, guint milliseconds)
{
  end_doubt (port);
  port->doubt = error;
  port->doubt_id = g_timeout_add (milliseconds, on_doubt, port);
}

/* What has come is ERROR, which is taken over. */
static void
lose (VqHelperPort *port, GError *error)
{
  if (port->state == HUNTING)
    {
      fail (port, error);
      return;
    }
  port->state = LOST;
  g_clear_handle_id (&port->read_id, g_source_remove);
  doubt (port, error, port->grace);
}

static gboolean
on_hello_reply (VqHelperPort *port, const VqHelperFrame *frame, GError **error)
{
  guint32 version = vq_helper_frame_get_u32 (frame->payload + sizeof port->hello);

  if (port->replies_due == 0 || memcmp (frame->payload, port->hello, sizeof port->hello) != 0)
    return vq_error_set (error, VQ_ERROR_PEER, "an answer that nobody asked for");
  if (version != VQ_HELPER_VERSION)
    return vq_error_set (error, VQ_ERROR_PEER, "its version, %u, which should be %u", version,
                         VQ_HELPER_VERSION);
  port->replies_due--;
  g_clear_handle_id (&port->hello_id, g_source_remove);
  tell_now (port);
  g_clear_error (&port->error);
  port->state = ON;
  port->acknowledged = 0;
  return TRUE;
}

/* Those who wait for room may free the port. */
static gboolean
on_resumed (VqHelperPort *port, const VqHelperFrame *frame, GError **error)
{
  guint32 position = vq_helper_frame_get_u32 (frame->payload + VQ_HELPER_HELLO_SIZE + 4);

  if (port->state != ASLEEP)
    return vq_error_set (error, VQ_ERROR_PEER, "an answer that nobody asked for");
  g_debug ("the guest helper is back");
  end_doubt (port);
  port->state = ON;
  return vq_helper_link_wake_up (port->link, position, error);
}

static gboolean
on_fatal (const VqHelperFrame *frame, GError **error)
{
  g_autofree char *text
      = vq_text_printable ((const char *)frame->payload, frame->length, VQ_HELPER_TEXT_MAX);

  return vq_error_set (error, VQ_ERROR_PEER, "its last words: %s", text);
}

static gboolean
on_frame (VqHelperPort *port, const VqHelperFrame *frame, GError **error)
{
  if (frame->type == VQ_HELPER_FATAL)
    return on_fatal (frame, error);
  if (frame->type == VQ_HELPER_HELLO_REPLY)
    return on_hello_reply (port, frame, error);
  if (frame->type == VQ_HELPER_RESUMED)
    return on_resumed (port, frame, error);
  if (frame->type == VQ_HELPER_ACK)
    return vq_helper_link_acknowledge (port->link, vq_helper_frame_get_u32 (frame->payload), error);
  return vq_helper_streams_take (port->streams, frame, error);
}

static void
take_frames (VqHelperPort *port)
{
  while (!port->freed && port->state != OFF && port->state != LOST)
    {
      VqHelperFrame frame;
      GError *error = NULL;
      VqHelperFrameState state = vq_helper_frame_reader_next (port->in, &frame, &error);

      if (state == VQ_HELPER_FRAME_PARTIAL)
        return;
      if (state == VQ_HELPER_FRAME_COMPLETE && on_frame (port, &frame, &error))
        continue;
      g_prefix_error (&error, "the guest helper sent ");
      if (state == VQ_HELPER_FRAME_WRONG)
        lose (port, error);
      else
        fail (port, error);
    }
}

/* Tells the helper how far we are, if DUE bytes have come since we last did. */
static void
acknowledge (VqHelperPort *port, guint32 due)
{
  guint32 position = vq_helper_frame_reader_get_position (port->in);

  if (port->state != ON || position - port->acknowledged < due)
    return;
  port->acknowledged = position;
  vq_helper_link_add_ack (port->link, position);
}

/* Reads once. Returns FALSE if nothing is there. */
static gboolean
read_some (VqHelperPort *port)
{
  gsize room;
  guint8 *bytes = vq_helper_frame_reader_get_room (port->in, &room);
  gssize n = recv (port->fd, bytes, room, MSG_DONTWAIT);

  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return FALSE;
  if (n > 0)
    {
      vq_helper_frame_reader_add (port->in, n);
      take_frames (port);
      if (!port->freed)
        {
          acknowledge (port, VQ_HELPER_ACK_BYTES);
          vq_helper_link_flush (port->link);
        }
    }
  else
    lose_connection (port, "was closed", n < 0 ? errno : 0);
  return TRUE;
}

static gboolean
on_readable (int fd, GIOCondition events, gpointer data)
{
  VqHelperPort *port = g_rc_box_acquire (data);

  read_some (port);
  release (port);
  return G_SOURCE_CONTINUE; /* if the connection has failed, the source is already removed */
}

static void
read_on (VqHelperPort *port)
{
  if (port->read_id == 0)
    port->read_id = g_unix_fd_add (port->fd, G_IO_IN | G_IO_HUP | G_IO_ERR, on_readable, port);
}

static GError *
new_error (const char *text)
{
  return g_error_new_literal (VQ_ERROR, VQ_ERROR_PEER, text);
}

static void
resume (VqHelperPort *port)
{
  port->acknowledged = vq_helper_frame_reader_get_position (port->in);
  vq_helper_frame_reader_hunt_resumed (port->in, port->hello, ++port->resume);
  doubt (port, new_error ("the guest helper does not answer since the guest has slept"),
         RESUME_SECONDS * 1000);
  vq_helper_link_send_padding (port->link);
  if (port->state == ASLEEP)
    vq_helper_link_send_resume (port->link, port->resume, port->acknowledged);
}

/* While the guest's driver is down, nobody can say whether the helper is still there. */
static void
wait_for_wake (VqHelperPort *port)
{
  end_doubt (port);
  if (port->open)
    resume (port);
  else if (!port->driver_down)
    doubt (port, new_error ("the guest helper has ended (was it killed?)"), port->grace);
}

/* The helper's last frame, which may say why it has ended, may still be in the socket. */
static gboolean
on_closed (gpointer data)
{
  VqHelperPort *port = g_rc_box_acquire (data);

  port->close_id = 0;
  for (guint i = 0; i < LAST_READS && !port->freed && port->state == ON; i++)
    if (!read_some (port))
      break;
  if (!port->freed && is_connected (port))
    {
      port->state = ASLEEP;
      vq_helper_frame_reader_hunt_resumed (port->in, port->hello, port->resume + 1);
      vq_helper_link_fall_asleep (port->link);
      read_on (port);
      wait_for_wake (port);
    }
  release (port);
  return G_SOURCE_REMOVE;
}

static void
say_hello (VqHelperPort *port)
{
  port->replies_due++;
  vq_helper_link_send_hello (port->link);
}

static gboolean
repeat_hello (gpointer data)
{
  VqHelperPort *port = data;

  if (vq_send_queue_is_taken (port->out))
    say_hello (port);
  return G_SOURCE_CONTINUE;
}

VqHelperPort *
vq_helper_port_new (int fd)
{
  VqHelperPort *port = g_rc_box_new0 (VqHelperPort);

  port->fd = fd;
  port->out = vq_send_queue_new (fd, on_send_failed, port);
  port->link = vq_helper_link_new (port->out);
  port->in = vq_helper_frame_reader_new ();
  port->streams = vq_helper_streams_new ();
  vq_error_set (&port->error, VQ_ERROR_PEER, "there is no connection to the guest helper yet");
  return port;
}

void
vq_helper_port_free (VqHelperPort *port)
{
  if (port == NULL)
    return;
  stop_sources (port);
  g_clear_handle_id (&port->tell_id, g_source_remove);
  vq_send_queue_free (port->out);
  vq_helper_streams_clear (port->streams);
  g_clear_pointer (&port->push, g_bytes_unref);
  close (port->fd);
  port->freed = TRUE;
  release (port);
}

static void
push_if_open (VqHelperPort *port)
{
  g_autoptr (GBytes) push = port->open ? g_steal_pointer (&port->push) : NULL;

  if (push != NULL)
    vq_send_queue_add (
        port->out,
        &(struct iovec){ (void *)g_bytes_get_data (push, NULL), g_bytes_get_size (push) }, 1);
}

void
vq_helper_port_set_open (VqHelperPort *port, gboolean open)
{
  port->open = open;
  push_if_open (port);
  if (open && port->state == HUNTING)
    repeat_hello (port);
  if (!open && (port->state == ON || port->state == LOST) && port->close_id == 0)
    port->close_id = g_idle_add_full (G_PRIORITY_DEFAULT, on_closed, port, NULL);
  if (port->state == ASLEEP)
    wait_for_wake (port);
}

void
vq_helper_port_set_driver_down (VqHelperPort *port, gboolean down)
{
  port->driver_down = down;
  if (port->state == ASLEEP && !port->open)
    wait_for_wake (port);
}

void
vq_helper_port_push (VqHelperPort *port, const void *bytes, gsize n)
{
  g_clear_pointer (&port->push, g_bytes_unref);
  port->push = g_bytes_new (bytes, n);
  push_if_open (port);
}

/* After this nobody knows of the earlier connection any more. */
static void
forget_connection (VqHelperPort *port)
{
  g_autoptr (GError) error = NULL;

  vq_error_set (&error, VQ_ERROR_PEER, "the connection to the guest helper is made anew");
  stop_sources (port);
  tell_now (port);
  port->state = OFF;
  set_error (port, g_error_copy (error));
  vq_helper_streams_fail (port->streams, error);
  vq_send_queue_clear (port->out);
  g_clear_pointer (&port->push, g_bytes_unref);
}

static void
start_hunting (VqHelperPort *port)
{
  GError *error = NULL;

  vq_error_set (&error, VQ_ERROR_PEER, "the guest helper has not answered yet");
  set_error (port, error);
  port->state = HUNTING;
  port->replies_due = 0;
  vq_helper_link_begin (port->link, port->hello);
  vq_helper_frame_reader_hunt_reply (port->in, port->hello);
  read_on (port);
  port->hello_id = g_timeout_add (HELLO_MS, repeat_hello, port);
  vq_helper_link_send_padding (port->link);
  if (port->state == HUNTING)
    say_hello (port);
}

static gboolean
has_stopped_hunting (gpointer data)
{
  return ((VqHelperPort *)data)->state != HUNTING;
}

gboolean
vq_helper_port_sync (VqHelperPort *port, gint64 deadline, VqCancel *cancel, GError **error)
{
  g_autoptr (GError) local = NULL;

  forget_connection (port);
  memcpy (port->hello, VQ_HELPER_MAGIC, VQ_HELPER_MAGIC_SIZE);
  if (!vq_random_fill (port->hello + VQ_HELPER_MAGIC_SIZE, VQ_HELPER_NONCE_SIZE, error))
    return FALSE;
  start_hunting (port);
  if (!vq_wait_until (has_stopped_hunting, port, deadline, cancel, "answer of the guest helper",
                      &local))
    fail (port, g_steal_pointer (&local));
  if (!is_connected (port))
    g_propagate_error (error, g_error_copy (port->error));
  return is_connected (port);
}

void
vq_helper_port_on_failed (VqHelperPort *port, VqHelperFailed failed, gpointer data)
{
  port->on_failed = failed;
  port->on_failed_data = data;
}

void
vq_helper_port_set_grace (VqHelperPort *port, guint milliseconds)
{
  port->grace = milliseconds;
}

const GError *
vq_helper_port_get_error (VqHelperPort *port)
{
  return port->error;
}

guint32
vq_helper_port_open_stream (VqHelperPort *port, VqHelperStreamKind kind,
                            const VqHelperStreamHandlers *handlers, gpointer data)
{
  if (!is_connected (port))
    tell_soon (port, 0);
  return vq_helper_streams_open (port->streams, kind, handlers, data);
}

void
vq_helper_port_drop_stream (VqHelperPort *port, guint32 stream)
{
  vq_helper_streams_drop (port->streams, stream);
}

void
vq_helper_port_send (VqHelperPort *port, guint8 type, guint32 stream, const void *payload,
                     gsize length)
{
  g_assert (length <= VQ_HELPER_SEND_MAX);
  if (!is_connected (port))
    return;
  acknowledge (port, VQ_HELPER_ACK_BYTES / 2);
  vq_helper_link_send (port->link, type, stream, payload, length);
}

void
vq_helper_port_send_u32 (VqHelperPort *port, guint8 type, guint32 stream, guint32 number)
{
  guint8 payload[sizeof number];

  vq_helper_frame_put_u32 (payload, number);
  vq_helper_port_send (port, type, stream, payload, sizeof payload);
}

void
vq_helper_port_hold (VqHelperPort *port)
{
  vq_send_queue_hold (port->out);
}

void
vq_helper_port_release (VqHelperPort *port)
{
  vq_send_queue_release (port->out);
}

gboolean
vq_helper_port_is_full (VqHelperPort *port)
{
  return vq_send_queue_is_full (port->out);
}

void
vq_helper_port_wait_for_room (VqHelperPort *port, VqSendRoom room, gpointer data)
{
  vq_send_queue_wait (port->out, room, data);
}

void
vq_helper_port_forget_room (VqHelperPort *port, gpointer data)
{
  vq_send_queue_forget (port->out, data);
}
