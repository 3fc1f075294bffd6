// SPDX-License-Identifier: GPL-2.0-or-later
#include "fake-host.h"

#include <check.h>
#include <errno.h>
#include <linux/sockios.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "frame-maker.h"
#include "helper-process.h"

#define PATIENCE_MS 60000

struct _FakeHost
{
  int fd;   /* owned */
  GPid pid; /* 0: the helper is not ours */
  GByteArray *in;
  GHashTable *streams;
  char nonce; /* of the last HELLO */
  guint32 process;
  gboolean greeted;  /* the reply to it has come */
  gboolean scanning; /* all up to the reply is dropped */
  gboolean at_end;
  FrameMaker out;
  guint8 guard[4];
  guint32 position; /* up to which frames have come */
  guint32 acknowledged;
  guint32 resume; /* number of the last RESUME */
  gboolean resuming;
  char *fatal;
};

static void
host_stream_free (gpointer data)
{
  HostStream *self = data;

  g_string_free (self->out, TRUE);
  g_string_free (self->err, TRUE);
  g_free (self->text);
  g_free (self);
}

FakeHost *
fake_host_new_for_fd (int fd)
{
  FakeHost *host = g_new0 (FakeHost, 1);

  host->fd = fd;
  host->in = g_byte_array_new ();
  frame_maker_init (&host->out);
  host->streams = g_hash_table_new_full (NULL, NULL, NULL, host_stream_free);
  return host;
}

FakeHost *
fake_host_new (void)
{
  GPid pid;
  int fd = helper_process_start (&pid);
  FakeHost *host = fake_host_new_for_fd (fd);

  host->pid = pid;
  return host;
}

FakeHost *
fake_host_new_narrow (void)
{
  FakeHost *host;
  const int size = 8192;
  int fds[2];

  ck_assert_int_eq (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
  ck_assert_int_eq (setsockopt (fds[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof size), 0);
  host = fake_host_new_for_fd (fds[0]);
  helper_process_spawn (fds[1], NULL, &host->pid);
  close (fds[1]);
  return host;
}

GPid
fake_host_pid (FakeHost *host)
{
  return host->pid;
}

void
fake_host_free (FakeHost *host, int status)
{
  int ended = host->pid != 0 ? helper_process_stop (host->fd, host->pid) : 0;

  if (host->pid == 0)
    close (host->fd);
  ck_assert_msg (WIFEXITED (ended) && WEXITSTATUS (ended) == status, "the helper ended with %x",
                 ended);
  g_byte_array_unref (host->in);
  frame_maker_clear (&host->out);
  g_hash_table_unref (host->streams);
  g_free (host->fatal);
  g_free (host);
}

/* Reads what there is. */
static void
read_some (FakeHost *host)
{
  guint8 bytes[65536];
  ssize_t n = read (host->fd, bytes, sizeof bytes);

  ck_assert (n >= 0 || errno == ECONNRESET);
  if (n <= 0)
    host->at_end = TRUE;
  else
    g_byte_array_append (host->in, bytes, n);
}

static short
wait_for (FakeHost *host, short events)
{
  struct pollfd entry = { .fd = host->fd, .events = events };

  ck_assert_int_eq (poll (&entry, 1, PATIENCE_MS), 1);
  return entry.revents;
}

void
fake_host_send_raw (FakeHost *host, const void *bytes, gsize n)
{
  while (n > 0 && !host->at_end)
    {
      short revents = wait_for (host, POLLIN | POLLOUT);
      ssize_t sent = 0;

      /* The helper need not read while we do not. */
      if (revents & POLLIN)
        read_some (host);
      if (revents & POLLOUT)
        sent = isatty (host->fd) ? write (host->fd, bytes, MIN (n, 4096))
                                 : send (host->fd, bytes, n, MSG_DONTWAIT | MSG_NOSIGNAL);
      /* It has ended, and what it said before is still to be read. */
      if (sent < 0 && errno == EPIPE)
        return;
      ck_assert (sent >= 0 || errno == EAGAIN);
      bytes = (const char *)bytes + MAX (sent, 0);
      n -= MAX (sent, 0);
    }
}

void
fake_host_send_cut (FakeHost *host, guint8 type, guint32 stream, const void *payload, gsize n,
                    gsize cut)
{
  g_autoptr (GByteArray) bytes = fake_host_make (host, type, stream, payload, n);

  fake_host_send_raw (host, bytes->data, MIN (cut, bytes->len));
}

void
fake_host_send (FakeHost *host, guint8 type, guint32 stream, const void *payload, gsize n)
{
  fake_host_send_cut (host, type, stream, payload, n, G_MAXSIZE);
}

GByteArray *
fake_host_make (FakeHost *host, guint8 type, guint32 stream, const void *payload, gsize n)
{
  GByteArray *bytes = g_byte_array_new ();

  frame_maker_add (&host->out, bytes, type, stream, payload, n);
  return bytes;
}

void
fake_host_send_u32 (FakeHost *host, guint8 type, guint32 stream, guint32 value)
{
  guint32 payload = GUINT32_TO_LE (value);

  fake_host_send (host, type, stream, &payload, sizeof payload);
}

void
fake_host_send_padding (FakeHost *host)
{
  static const guint8 padding[VQ_HELPER_FRAME_MAX];

  fake_host_send_raw (host, padding, sizeof padding);
}

void
fake_host_settle (FakeHost *host)
{
  int unread = 0;

  /* There is no event for it. */
  for (int i = 0; i < PATIENCE_MS; i++)
    {
      ck_assert_int_eq (ioctl (host->fd, SIOCOUTQ, &unread), 0);
      if (unread == 0)
        return;
      poll (NULL, 0, 1);
    }
  ck_abort_msg ("the helper does not read");
}

void
fake_host_expect_reply (FakeHost *host, char nonce)
{
  if (nonce != host->nonce)
    g_hash_table_remove_all (host->streams);
  /* What the old connection still says is not for us. */
  host->scanning = nonce != host->nonce;
  host->nonce = nonce;
  host->greeted = FALSE;
  memset (host->guard, nonce, sizeof host->guard);
  frame_maker_begin (&host->out, host->guard);
}

GByteArray *
fake_host_make_hello (FakeHost *host, char nonce)
{
  char payload[VQ_HELPER_HELLO_SIZE];

  memcpy (payload, VQ_HELPER_MAGIC, VQ_HELPER_MAGIC_SIZE);
  memset (payload + VQ_HELPER_MAGIC_SIZE, nonce, VQ_HELPER_NONCE_SIZE);
  fake_host_expect_reply (host, nonce);
  return fake_host_make (host, VQ_HELPER_HELLO, 0, payload, sizeof payload);
}

void
fake_host_send_hello (FakeHost *host, char nonce)
{
  g_autoptr (GByteArray) bytes = fake_host_make_hello (host, nonce);

  fake_host_send_raw (host, bytes->data, bytes->len);
}

guint32
fake_host_wait_for_reply (FakeHost *host)
{
  while (!host->greeted)
    ck_assert (fake_host_step (host));
  return host->process;
}

guint32
fake_host_hello (FakeHost *host, char nonce)
{
  fake_host_send_padding (host);
  fake_host_send_hello (host, nonce);
  return fake_host_wait_for_reply (host);
}

HostStream *
fake_host_stream (FakeHost *host, guint32 stream)
{
  HostStream *self = g_hash_table_lookup (host->streams, GUINT_TO_POINTER (stream));

  if (self != NULL)
    return self;
  self = g_new0 (HostStream, 1);
  self->out = g_string_new (NULL);
  self->err = g_string_new (NULL);
  g_hash_table_insert (host->streams, GUINT_TO_POINTER (stream), self);
  return self;
}

static void
give_credit (FakeHost *host, guint32 stream, int which)
{
  HostStream *self = fake_host_stream (host, stream);

  if (self->uncredited[which] > 0)
    fake_host_send_u32 (host, which == 0 ? VQ_HELPER_STDOUT_CREDIT : VQ_HELPER_STDERR_CREDIT,
                        stream, self->uncredited[which]);
  self->uncredited[which] = 0;
}

void
fake_host_release (FakeHost *host, guint32 stream)
{
  fake_host_stream (host, stream)->hold_credit = FALSE;
  give_credit (host, stream, 0);
  give_credit (host, stream, 1);
}

static void
take_output (FakeHost *host, guint32 stream, int which, const guint8 *payload, gsize n)
{
  HostStream *self = fake_host_stream (host, stream);

  ck_assert_uint_gt (n, 0);
  g_string_append_len (which == 0 ? self->out : self->err, (const char *)payload, n);
  self->uncredited[which] += n;
  ck_assert_uint_le (self->uncredited[which], VQ_HELPER_WINDOW);
  if (!self->hold_credit)
    give_credit (host, stream, which);
}

static void
take_end (HostStream *self, guint8 type, const guint8 *payload, gsize n)
{
  self->end = type;
  if (type == VQ_HELPER_NOT_STARTED)
    {
      ck_assert_uint_ge (n, 1);
      ck_assert_uint_le (n, VQ_HELPER_TEXT_MAX);
      self->text = g_strndup ((const char *)payload, n);
      return;
    }
  ck_assert_uint_eq (n, 4);
  self->value = frame_maker_get_u32 (payload);
}

static void
take_stream_frame (FakeHost *host, guint8 type, guint32 stream, const guint8 *payload, gsize n)
{
  HostStream *self = g_hash_table_lookup (host->streams, GUINT_TO_POINTER (stream));

  ck_assert_msg (self != NULL, "frame %c for stream %u, which is not there", type, stream);
  ck_assert_msg (self->end == 0, "frame %c for stream %u, which has ended", type, stream);
  if (type == VQ_HELPER_STDOUT || type == VQ_HELPER_STDERR)
    take_output (host, stream, type == VQ_HELPER_STDERR, payload, n);
  else if (type == VQ_HELPER_STDIN_CREDIT)
    {
      ck_assert_uint_eq (n, 4);
      self->stdin_credit += frame_maker_get_u32 (payload);
      self->n_stdin_credits++;
    }
  else if (type == VQ_HELPER_STDIN_CLOSED)
    {
      ck_assert_uint_eq (n, 0);
      ck_assert (!self->stdin_closed);
      self->stdin_closed = TRUE;
    }
  else
    {
      ck_assert_ptr_nonnull (strchr ("xgnd", type));
      take_end (self, type, payload, n);
    }
}

static void
take_hello_reply (FakeHost *host, const guint8 *payload, gsize n)
{
  ck_assert_uint_eq (n, VQ_HELPER_MAGIC_SIZE + VQ_HELPER_NONCE_SIZE + 8);
  ck_assert_mem_eq (payload, VQ_HELPER_MAGIC, VQ_HELPER_MAGIC_SIZE);
  for (guint i = 0; i < VQ_HELPER_NONCE_SIZE; i++)
    ck_assert_int_eq (payload[VQ_HELPER_MAGIC_SIZE + i], host->nonce);
  payload += VQ_HELPER_MAGIC_SIZE + VQ_HELPER_NONCE_SIZE;
  ck_assert_uint_eq (frame_maker_get_u32 (payload), VQ_HELPER_VERSION);
  host->process = frame_maker_get_u32 (payload + 4);
  host->greeted = TRUE;
  host->position = host->acknowledged = 0;
}

static void
take_resumed (FakeHost *host, const guint8 *payload, gsize n)
{
  guint32 from = frame_maker_get_u32 (payload + VQ_HELPER_HELLO_SIZE + 4);

  ck_assert (host->resuming);
  ck_assert_uint_eq (n, VQ_HELPER_RESUME_SIZE);
  ck_assert_uint_le (from, host->out.made->len);
  host->resuming = FALSE;
  fake_host_send_raw (host, host->out.made->data + from, host->out.made->len - from);
}

static void
acknowledge (FakeHost *host)
{
  if (host->position - host->acknowledged < VQ_HELPER_ACK_BYTES)
    return;
  host->acknowledged = host->position;
  fake_host_send_u32 (host, VQ_HELPER_ACK, 0, host->position);
}

static void
take_frame (FakeHost *host, guint8 type, guint32 stream, const guint8 *payload, gsize n)
{
  if (type == VQ_HELPER_FATAL)
    {
      ck_assert_uint_eq (stream, 0);
      g_free (host->fatal);
      host->fatal = g_strndup ((const char *)payload, n);
    }
  else if (type == VQ_HELPER_HELLO_REPLY)
    take_hello_reply (host, payload, n);
  else if (type == VQ_HELPER_RESUMED)
    take_resumed (host, payload, n);
  else if (type == VQ_HELPER_ACK)
    ck_assert_uint_le (frame_maker_get_u32 (payload), host->out.made->len);
  else
    take_stream_frame (host, type, stream, payload, n);
}

/* Takes a frame, if a whole one has come. */
static gboolean
parse (FakeHost *host)
{
  gsize skip = 0;
  gsize n;
  guint8 *frame;
  guint32 position;

  while (skip < host->in->len && host->in->data[skip] == 0)
    skip++;
  g_byte_array_remove_range (host->in, 0, skip);
  if (host->in->len < VQ_HELPER_HEADER_SIZE)
    return FALSE;
  ck_assert_uint_eq (host->in->data[1], 0);
  n = host->in->data[2] | host->in->data[3] << 8;
  ck_assert_uint_le (n, VQ_HELPER_PAYLOAD_MAX);
  if (host->in->len < FRAME_OVERHEAD + n)
    return FALSE;
  frame = g_memdup2 (host->in->data, FRAME_OVERHEAD + n);
  g_byte_array_remove_range (host->in, 0, FRAME_OVERHEAD + n);
  position = frame_maker_check (frame, n, host->position, host->guard);
  if (!frame_maker_is_uncounted (frame))
    host->position = position;
  take_frame (host, frame[0], frame_maker_get_u32 (frame + 4), frame + VQ_HELPER_HEADER_SIZE, n);
  g_free (frame);
  acknowledge (host);
  return TRUE;
}

/* Drops everything before the answer to our last HELLO or RESUME: whatever there was before. */
static void
scan (FakeHost *host)
{
  char begin[] = "h\0\x20\0\0\0\0\0" VQ_HELPER_MAGIC "1234567890123456....";
  gsize n = VQ_HELPER_HEADER_SIZE + VQ_HELPER_HELLO_SIZE;
  const guint8 *reply;

  memset (begin + n - VQ_HELPER_NONCE_SIZE, host->nonce, VQ_HELPER_NONCE_SIZE);
  if (host->resuming)
    {
      begin[0] = VQ_HELPER_RESUMED;
      frame_maker_put_u32 ((guint8 *)begin + n, host->resume);
      n += sizeof host->resume;
    }
  reply = host->in->len < n ? NULL : memmem (host->in->data, host->in->len, begin, n);
  if (reply == NULL)
    return;
  g_byte_array_remove_range (host->in, 0, reply - host->in->data);
  host->scanning = FALSE;
}

void
fake_host_send_resume (FakeHost *host, guint32 position)
{
  guint8 payload[VQ_HELPER_RESUME_SIZE];

  memcpy (payload, VQ_HELPER_MAGIC, VQ_HELPER_MAGIC_SIZE);
  memset (payload + VQ_HELPER_MAGIC_SIZE, host->nonce, VQ_HELPER_NONCE_SIZE);
  frame_maker_put_u32 (payload + VQ_HELPER_HELLO_SIZE, ++host->resume);
  frame_maker_put_u32 (payload + VQ_HELPER_HELLO_SIZE + 4, position);
  host->scanning = host->resuming = TRUE;
  host->acknowledged = position;
  g_byte_array_set_size (host->in, 0);
  fake_host_send_padding (host);
  fake_host_send (host, VQ_HELPER_RESUME, 0, payload, sizeof payload);
}

void
fake_host_resume (FakeHost *host)
{
  fake_host_send_resume (host, host->position);
  while (host->resuming)
    ck_assert (fake_host_step (host));
}

guint32
fake_host_get_position (FakeHost *host)
{
  return host->position;
}

gboolean
fake_host_step (FakeHost *host)
{
  for (;;)
    {
      if (host->scanning)
        scan (host);
      if (!host->scanning && parse (host))
        return TRUE;
      if (host->at_end)
        return FALSE;
      wait_for (host, POLLIN);
      read_some (host);
    }
}

const char *
fake_host_get_fatal (FakeHost *host)
{
  return host->fatal != NULL ? host->fatal : "";
}

char *
fake_host_wait_for_fatal (FakeHost *host)
{
  while (fake_host_step (host))
    ;
  ck_assert_ptr_nonnull (host->fatal);
  return g_steal_pointer (&host->fatal);
}
