// SPDX-License-Identifier: GPL-2.0-or-later
#include "fake-guest.h"

#include <check.h>
#include <errno.h>
#include <glib-unix.h>
#include <linux/sockios.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/wait.h"
#include "frame-maker.h"

#define PATIENCE 30 /* seconds; for things that take none */
#define HELLO_SIZE VQ_HELPER_HELLO_SIZE

typedef struct
{
  guint8 type;
  guint32 stream;
  GBytes *payload;
} Frame;

typedef struct
{
  guint8 type;
  guint32 number;
} Reply;

struct _FakeGuest
{
  int fd; /* owned; -1: hung up */
  guint source_id;
  GByteArray *in;
  GQueue frames; /* of Frame, owned */
  gboolean answers;
  gboolean ignores;
  guint32 version;
  guint n_hellos;
  guint8 nonce[VQ_HELPER_NONCE_SIZE];
  gsize padding;
  FrameMaker out;
  guint32 position; /* up to which frames have come */
  guint32 acknowledged;
  gboolean holds_acks;
  gboolean asleep; /* everything up to RESUME is dropped */
  gsize awake_for; /* if it falls asleep: after how many bytes */
  gboolean dozes;  /* it falls asleep */
  guint n_resumes;
  Reply replies[256]; /* what is answered once, by its type, and with what; type 0: nothing */
};

void
fake_guest_send_bytes (FakeGuest *guest, const void *bytes, gsize n)
{
  ck_assert_int_eq (send (guest->fd, bytes, n, MSG_DONTWAIT | MSG_NOSIGNAL), (gssize)n);
}

void
fake_guest_send_cut (FakeGuest *guest, guint8 type, guint32 stream, const void *payload, gsize n,
                     gsize cut)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();

  frame_maker_add (&guest->out, bytes, type, stream, payload, n);
  fake_guest_send_bytes (guest, bytes->data, MIN (cut, bytes->len));
}

void
fake_guest_send (FakeGuest *guest, guint8 type, guint32 stream, const void *payload, gsize n)
{
  fake_guest_send_cut (guest, type, stream, payload, n, G_MAXSIZE);
}

GByteArray *
fake_guest_make (FakeGuest *guest, guint8 type, guint32 stream, const void *payload, gsize n)
{
  GByteArray *bytes = g_byte_array_new ();

  frame_maker_add (&guest->out, bytes, type, stream, payload, n);
  return bytes;
}

void
fake_guest_send_u32 (FakeGuest *guest, guint8 type, guint32 stream, guint32 number)
{
  guint8 payload[4];

  frame_maker_put_u32 (payload, number);
  fake_guest_send (guest, type, stream, payload, sizeof payload);
}

void
fake_guest_send_reply (FakeGuest *guest, const guint8 *nonce)
{
  guint8 payload[HELLO_SIZE + 8];

  memcpy (payload, VQ_HELPER_MAGIC, VQ_HELPER_MAGIC_SIZE);
  memcpy (payload + VQ_HELPER_MAGIC_SIZE, nonce, VQ_HELPER_NONCE_SIZE);
  frame_maker_put_u32 (payload + HELLO_SIZE, guest->version);
  frame_maker_put_u32 (payload + HELLO_SIZE + 4, 4711);
  frame_maker_begin (&guest->out, nonce);
  fake_guest_send (guest, VQ_HELPER_HELLO_REPLY, 0, payload, sizeof payload);
}

static void
take_hello (FakeGuest *guest, const guint8 *payload, gsize n)
{
  ck_assert_uint_eq (n, HELLO_SIZE);
  ck_assert_mem_eq (payload, VQ_HELPER_MAGIC, VQ_HELPER_MAGIC_SIZE);
  memcpy (guest->nonce, payload + VQ_HELPER_MAGIC_SIZE, VQ_HELPER_NONCE_SIZE);
  guest->n_hellos++;
  guest->position = guest->acknowledged = 0;
  if (guest->answers)
    fake_guest_send_reply (guest, guest->nonce);
}

void
fake_guest_send_resumed (FakeGuest *guest, guint32 number, guint32 position)
{
  guint8 payload[VQ_HELPER_RESUME_SIZE];

  memcpy (payload, VQ_HELPER_MAGIC, VQ_HELPER_MAGIC_SIZE);
  memcpy (payload + VQ_HELPER_MAGIC_SIZE, guest->nonce, VQ_HELPER_NONCE_SIZE);
  frame_maker_put_u32 (payload + HELLO_SIZE, number);
  frame_maker_put_u32 (payload + HELLO_SIZE + 4, position);
  fake_guest_send (guest, VQ_HELPER_RESUMED, 0, payload, sizeof payload);
}

/* Sends again what the server has not got. */
static void
take_resume (FakeGuest *guest, const guint8 *payload, gsize n)
{
  guint32 from = frame_maker_get_u32 (payload + HELLO_SIZE + 4);

  ck_assert_uint_eq (n, VQ_HELPER_RESUME_SIZE);
  ck_assert_mem_eq (payload + VQ_HELPER_MAGIC_SIZE, guest->nonce, VQ_HELPER_NONCE_SIZE);
  ck_assert_uint_le (from, guest->out.made->len);
  guest->n_resumes++;
  if (!guest->answers)
    return;
  fake_guest_send_resumed (guest, frame_maker_get_u32 (payload + HELLO_SIZE), guest->position);
  fake_guest_send_bytes (guest, guest->out.made->data + from, guest->out.made->len - from);
}

static void
acknowledge (FakeGuest *guest)
{
  if (guest->holds_acks || guest->position - guest->acknowledged < VQ_HELPER_ACK_BYTES)
    return;
  fake_guest_acknowledge (guest, guest->position);
}

void
fake_guest_acknowledge (FakeGuest *guest, guint32 position)
{
  guest->acknowledged = position;
  fake_guest_send_u32 (guest, VQ_HELPER_ACK, 0, position);
}

guint32
fake_guest_get_position (FakeGuest *guest)
{
  return guest->position;
}

static void
keep (FakeGuest *guest, guint8 type, guint32 stream, const guint8 *payload, gsize n)
{
  Frame *frame = g_new (Frame, 1);

  *frame = (Frame){ type, stream, g_bytes_new (payload, n) };
  g_queue_push_tail (&guest->frames, frame);
}

static void
take_frame (FakeGuest *guest, const guint8 *frame, gsize n)
{
  guint32 stream = frame_maker_get_u32 (frame + 4);
  guint8 type = frame[0];

  if (type == VQ_HELPER_HELLO && stream == 0)
    take_hello (guest, frame + VQ_HELPER_HEADER_SIZE, n);
  else if (type == VQ_HELPER_RESUME && stream == 0)
    take_resume (guest, frame + VQ_HELPER_HEADER_SIZE, n);
  else if (type == VQ_HELPER_ACK && stream == 0)
    ck_assert_uint_le (frame_maker_get_u32 (frame + VQ_HELPER_HEADER_SIZE), guest->out.made->len);
  else if (guest->replies[type].type != 0)
    {
      Reply reply = guest->replies[type];

      guest->replies[type].type = 0;
      fake_guest_send_u32 (guest, reply.type, stream, reply.number);
    }
  else if (!guest->ignores)
    keep (guest, type, stream, frame + VQ_HELPER_HEADER_SIZE, n);
}

/* The bytes of padding or of a frame at its start; 0 if more must come. */
static gsize
take_some (FakeGuest *guest, const guint8 *bytes, gsize n)
{
  gsize length;
  guint32 position;

  if (n > 0 && bytes[0] == 0)
    {
      guest->padding++;
      return 1;
    }
  if (n < VQ_HELPER_HEADER_SIZE)
    return 0;
  length = bytes[2] | bytes[3] << 8;
  ck_assert_uint_eq (bytes[1], 0);
  ck_assert_uint_le (length, VQ_HELPER_PAYLOAD_MAX);
  if (n < FRAME_OVERHEAD + length)
    return 0;
  position = frame_maker_check (bytes, length, guest->position, guest->nonce);
  if (!frame_maker_is_uncounted (bytes))
    guest->position = position;
  take_frame (guest, bytes, length);
  acknowledge (guest);
  return FRAME_OVERHEAD + length;
}

/* Drops what comes after the guest has fallen asleep, until the server knows of it. */
static void
sleep_on (FakeGuest *guest)
{
  static const char begin[] = "U\0\x20\0\0\0\0\0" VQ_HELPER_MAGIC;
  const guint8 *resume;

  if (guest->dozes && guest->in->len >= guest->awake_for)
    {
      g_byte_array_set_size (guest->in, guest->awake_for);
      guest->dozes = FALSE;
      guest->asleep = TRUE;
    }
  if (!guest->asleep || guest->in->len < sizeof begin)
    return;
  resume = memmem (guest->in->data, guest->in->len, begin, sizeof begin - 1);
  if (resume == NULL)
    return;
  g_byte_array_remove_range (guest->in, 0, resume - guest->in->data);
  guest->asleep = FALSE;
}

static gboolean
on_readable (int fd, GIOCondition events, gpointer data)
{
  static guint8 buffer[256 * 1024];
  FakeGuest *guest = data;
  gssize n = recv (fd, buffer, sizeof buffer, MSG_DONTWAIT);
  gsize at = 0, taken;

  if (n < 0 && errno == EAGAIN)
    return G_SOURCE_CONTINUE;
  if (n <= 0)
    {
      guest->source_id = 0;
      return G_SOURCE_REMOVE;
    }
  g_byte_array_append (guest->in, buffer, n);
  sleep_on (guest);
  while (!guest->asleep
         && (taken = take_some (guest, guest->in->data + at, guest->in->len - at)) > 0)
    at += taken;
  g_byte_array_remove_range (guest->in, 0, at);
  guest->awake_for -= MIN (guest->awake_for, at);
  return G_SOURCE_CONTINUE;
}

void
fake_guest_set_stuck (FakeGuest *guest, gboolean stuck)
{
  g_clear_handle_id (&guest->source_id, g_source_remove);
  if (!stuck)
    guest->source_id = g_unix_fd_add (guest->fd, G_IO_IN | G_IO_HUP, on_readable, guest);
}

FakeGuest *
fake_guest_new (int *fd)
{
  FakeGuest *guest = g_new0 (FakeGuest, 1);
  int ends[2];

  ck_assert_int_eq (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  *fd = ends[0];
  guest->fd = ends[1];
  guest->in = g_byte_array_new ();
  frame_maker_init (&guest->out);
  g_queue_init (&guest->frames);
  guest->answers = TRUE;
  guest->version = VQ_HELPER_VERSION;
  fake_guest_set_stuck (guest, FALSE);
  return guest;
}

void
fake_guest_hang_up (FakeGuest *guest)
{
  g_clear_handle_id (&guest->source_id, g_source_remove);
  if (guest->fd >= 0)
    close (guest->fd);
  guest->fd = -1;
}

void
fake_guest_assert_quiet (FakeGuest *guest)
{
  Frame *frame = g_queue_peek_head (&guest->frames);

  if (frame != NULL)
    ck_abort_msg ("fake guest: a frame of type '%c' for stream %u, which nobody expected",
                  frame->type, frame->stream);
}

void
fake_guest_ignore (FakeGuest *guest)
{
  guest->ignores = TRUE;
  while (!g_queue_is_empty (&guest->frames))
    {
      g_autofree Frame *frame = g_queue_pop_head (&guest->frames);

      g_bytes_unref (frame->payload);
    }
}

void
fake_guest_free (FakeGuest *guest)
{
  fake_guest_assert_quiet (guest);
  fake_guest_hang_up (guest);
  g_byte_array_unref (guest->in);
  frame_maker_clear (&guest->out);
  g_free (guest);
}

void
fake_guest_answer_hello (FakeGuest *guest, gboolean answer)
{
  guest->answers = answer;
}

void
fake_guest_set_version (FakeGuest *guest, guint32 version)
{
  guest->version = version;
}

void
fake_guest_hold_acks (FakeGuest *guest)
{
  guest->holds_acks = TRUE;
}

void
fake_guest_fall_asleep (FakeGuest *guest, gsize n)
{
  guest->dozes = TRUE;
  guest->awake_for = n;
}

guint
fake_guest_count_resumes (FakeGuest *guest)
{
  return guest->n_resumes;
}

guint
fake_guest_count_hellos (FakeGuest *guest)
{
  return guest->n_hellos;
}

const guint8 *
fake_guest_get_nonce (FakeGuest *guest)
{
  return guest->nonce;
}

gsize
fake_guest_count_padding (FakeGuest *guest)
{
  return guest->padding;
}

void
fake_guest_answer (FakeGuest *guest, guint8 request, guint8 type, guint32 number)
{
  guest->replies[request] = (Reply){ type, number };
}

static gboolean
has_frame (gpointer data)
{
  return !g_queue_is_empty (&((FakeGuest *)data)->frames);
}

GBytes *
fake_guest_take (FakeGuest *guest, guint8 type, guint32 *stream)
{
  g_autofree Frame *frame = NULL;

  ck_assert_msg (vq_wait_until (has_frame, guest, vq_deadline_in (PATIENCE), NULL, "frame", NULL),
                 "fake guest: no frame of type '%c' comes", type);
  frame = g_queue_pop_head (&guest->frames);
  ck_assert_msg (frame->type == type, "fake guest: a frame of type '%c', not '%c'", frame->type,
                 type);
  *stream = frame->stream;
  return frame->payload;
}

guint32
fake_guest_expect (FakeGuest *guest, guint8 type, const void *payload, gsize n)
{
  guint32 stream;
  g_autoptr (GBytes) got = fake_guest_take (guest, type, &stream);

  ck_assert_uint_eq (g_bytes_get_size (got), n);
  if (n > 0)
    ck_assert_mem_eq (g_bytes_get_data (got, NULL), payload, n);
  return stream;
}

guint32
fake_guest_expect_u32 (FakeGuest *guest, guint8 type, guint32 number)
{
  guint8 payload[4];

  frame_maker_put_u32 (payload, number);
  return fake_guest_expect (guest, type, payload, sizeof payload);
}

static gboolean
is_read (gpointer data)
{
  FakeGuest *guest = data;
  int unread;

  ck_assert_int_eq (ioctl (guest->fd, SIOCOUTQ, &unread), 0);
  return unread == 0;
}

void
fake_guest_flush (FakeGuest *guest)
{
  ck_assert_msg (vq_wait_until (is_read, guest, vq_deadline_in (PATIENCE), NULL, "reading", NULL),
                 "fake guest: the server does not read");
}

gboolean
fake_guest_has_input (FakeGuest *guest)
{
  int unread;

  ck_assert_int_eq (ioctl (guest->fd, FIONREAD, &unread), 0);
  return unread > 0;
}
