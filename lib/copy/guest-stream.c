// SPDX-License-Identifier: GPL-2.0-or-later
#include "copy/guest-stream.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"

#define TAIL_MAX 4096   /* bytes of stderr that are kept */
#define MESSAGE_MAX 600 /* bytes of it that go into an error */
#define KILL_SECONDS 2.0

/* What the channel may have under way, so that it seldom has to stop and wait for us. */
#define DATA_PIPE (256 * 1024)
#define STDERR_PIPE 65536

struct _VqGuestStream
{
  VqChannel *channel;
  VqCommand *command; /* the channel's, NULL once it has ended */
  int fd;             /* our end of the pipe, owned, -1 when closed */
  int err_fd;         /* our end of its stderr, owned */
  guint err_source;
  GString *tail; /* the last bytes of its stderr */
  gint64 deadline;
  VqCancel *cancel;
  gboolean guest_closed; /* the other end was closed before ours */
  gboolean orphan;       /* freed by its user before the command ended */
  VqEndKind kind;
  int value;
  GError *error; /* with VQ_ENDED_FAILED */
};

/* Takes what is in the pipe; FALSE at its end. */
static gboolean
drain_stderr (VqGuestStream *stream)
{
  char buffer[1024];
  gssize n;

  while ((n = read (stream->err_fd, buffer, sizeof buffer)) > 0)
    {
      g_string_append_len (stream->tail, buffer, n);
      if (stream->tail->len > TAIL_MAX)
        g_string_erase (stream->tail, 0, stream->tail->len - TAIL_MAX);
    }
  return n < 0 && (errno == EAGAIN || errno == EINTR);
}

static gboolean
stderr_ready (int fd, GIOCondition events, gpointer data)
{
  VqGuestStream *stream = data;

  if (drain_stderr (stream))
    return G_SOURCE_CONTINUE;
  stream->err_source = 0;
  return G_SOURCE_REMOVE;
}

static void
close_fd (int *fd)
{
  if (*fd >= 0)
    close (*fd);
  *fd = -1;
}

static void
stream_release (VqGuestStream *stream)
{
  if (stream->err_source != 0)
    g_source_remove (stream->err_source);
  close_fd (&stream->fd);
  close_fd (&stream->err_fd);
  g_string_free (stream->tail, TRUE);
  g_clear_error (&stream->error);
  g_free (stream);
}

static void
command_done (const VqEnd *end, gpointer data)
{
  VqGuestStream *stream = data;

  stream->command = NULL;
  stream->kind = end->kind;
  stream->value = end->value;
  if (end->kind == VQ_ENDED_FAILED)
    stream->error = g_error_copy (end->error);
  drain_stderr (stream);
  if (stream->orphan)
    stream_release (stream);
}

static gboolean
has_ended (gpointer data)
{
  return ((VqGuestStream *)data)->command == NULL;
}

/* A pipe whose end MINE (0 or 1) does not block, for SIZE bytes if we may have so many. */
static gboolean
make_pipe (int fds[2], int mine, int size, GError **error)
{
  if (!g_unix_open_pipe (fds, FD_CLOEXEC, error))
    return FALSE;
  if (fcntl (fds[0], F_SETPIPE_SZ, size) < 0)
    g_debug ("a pipe remains small: %s", g_strerror (errno));
  if (g_unix_set_fd_nonblocking (fds[mine], TRUE, error))
    return TRUE;
  close (fds[0]);
  close (fds[1]);
  return FALSE;
}

/* Fills IDLE, DATA and ERR with open descriptors: /dev/null, and the pipes for our end MINE of the
 * data and for stderr. */
static gboolean
make_descriptors (int *idle, int data[2], int err[2], int mine, GError **error)
{
  *idle = open ("/dev/null", O_RDWR | O_CLOEXEC);
  if (*idle < 0)
    return vq_error_set_errno (error, errno, "cannot open /dev/null");
  if (make_pipe (data, mine, DATA_PIPE, error))
    {
      if (make_pipe (err, 0, STDERR_PIPE, error))
        return TRUE;
      close (data[0]);
      close (data[1]);
    }
  close (*idle);
  return FALSE;
}

/* STDIN_IS_OURS: we write its stdin, else we read its stdout. */
static VqGuestStream *
stream_open (VqChannel *channel, const char *const *argv, gboolean stdin_is_ours, gint64 deadline,
             VqCancel *cancel, GError **error)
{
  VqGuestStream *stream;
  int mine = stdin_is_ours ? 1 : 0;
  int idle, data[2], err[2];

  if (!make_descriptors (&idle, data, err, mine, error))
    return NULL;
  stream = g_new0 (VqGuestStream, 1);
  stream->channel = channel;
  stream->fd = data[mine];
  stream->err_fd = err[0];
  stream->err_source = g_unix_fd_add (err[0], G_IO_IN, stderr_ready, stream);
  stream->tail = g_string_new (NULL);
  stream->deadline = deadline;
  stream->cancel = cancel;
  stream->command = vq_channel_start (channel, argv, stdin_is_ours ? data[0] : idle,
                                      stdin_is_ours ? idle : data[1], err[1], command_done, stream);
  return stream;
}

VqGuestStream *
vq_guest_stream_open_stdin (VqChannel *channel, const char *const *argv, gint64 deadline,
                            VqCancel *cancel, GError **error)
{
  return stream_open (channel, argv, TRUE, deadline, cancel, error);
}

VqGuestStream *
vq_guest_stream_open_stdout (VqChannel *channel, const char *const *argv, gint64 deadline,
                             VqCancel *cancel, GError **error)
{
  return stream_open (channel, argv, FALSE, deadline, cancel, error);
}

void
vq_guest_stream_free (VqGuestStream *stream)
{
  if (stream == NULL)
    return;
  /* Kill before closing: an early end of its input must not look like a complete one. */
  if (stream->command != NULL)
    vq_channel_kill (stream->channel, stream->command);
  close_fd (&stream->fd);
  if (!vq_wait_until (has_ended, stream, vq_deadline_in (KILL_SECONDS), stream->cancel, "end",
                      NULL))
    {
      /* The channel still has our address: its callback frees. */
      stream->orphan = TRUE;
      return;
    }
  stream_release (stream);
}

/* There may be bytes, or room for them, without end: then nobody ever waits, and only here others
 * are served, and the deadline and the cancel are seen. */
static gboolean
serve_others (VqGuestStream *stream, GError **error)
{
  const GError *reason;

  vq_wait_serve ();
  reason = vq_cancel_reason (stream->cancel);
  if (reason != NULL)
    {
      g_propagate_error (error, g_error_copy (reason));
      return FALSE;
    }
  if (g_get_monotonic_time () >= stream->deadline)
    return vq_error_set (error, VQ_ERROR_TIMEOUT, "no end of it in time");
  return TRUE;
}

gboolean
vq_guest_stream_write (VqGuestStream *stream, const void *bytes, gsize len, GError **error)
{
  const char *p = bytes;

  if (!serve_others (stream, error))
    return FALSE;
  while (len > 0)
    {
      gssize n = write (stream->fd, p, len);

      if (n < 0 && errno == EAGAIN
          && !vq_wait_fd (stream->fd, G_IO_OUT, stream->deadline, stream->cancel,
                          "progress in the guest", error))
        return FALSE;
      if (n < 0 && errno != EAGAIN && errno != EINTR)
        {
          stream->guest_closed = TRUE;
          return vq_error_set (error, VQ_ERROR_PEER, "the guest stopped reading: %s",
                               g_strerror (errno));
        }
      p += MAX (n, 0);
      len -= MAX (n, 0);
    }
  return TRUE;
}

gssize
vq_guest_stream_read (VqGuestStream *stream, void *buffer, gsize max, GError **error)
{
  if (!serve_others (stream, error))
    return -1;
  for (;;)
    {
      gssize n = read (stream->fd, buffer, max);

      if (n == 0)
        stream->guest_closed = TRUE;
      if (n >= 0)
        return n;
      if (errno != EAGAIN && errno != EINTR)
        {
          vq_error_set_errno (error, errno, "cannot read from the guest");
          return -1;
        }
      if (!vq_wait_fd (stream->fd, G_IO_IN, stream->deadline, stream->cancel, "data from the guest",
                       error))
        return -1;
    }
}

int
vq_guest_stream_borrow (VqGuestStream *stream, GError **error)
{
  return g_unix_set_fd_nonblocking (stream->fd, FALSE, error) ? stream->fd : -1;
}

void
vq_guest_stream_note_closed (VqGuestStream *stream)
{
  stream->guest_closed = TRUE;
}

/* TRUE if the command, which has ended, was successful. */
static gboolean
check_end (VqGuestStream *stream, GError **error)
{
  g_autofree char *said = vq_text_printable (stream->tail->str, stream->tail->len, MESSAGE_MAX);

  if (stream->kind == VQ_ENDED_EXITED && stream->value == 0)
    return TRUE;
  if (stream->kind == VQ_ENDED_FAILED)
    {
      g_propagate_error (error, g_error_copy (stream->error));
      return FALSE;
    }
  return vq_error_set (error, VQ_ERROR_PEER, "%s %d%s%s",
                       stream->kind == VQ_ENDED_EXITED ? "exit status" : "killed by signal",
                       stream->value, *said == '\0' ? "" : ": ", said);
}

gboolean
vq_guest_stream_finish (VqGuestStream *stream, GError **error)
{
  close_fd (&stream->fd);
  return vq_wait_until (has_ended, stream, stream->deadline, stream->cancel, "end of the command",
                        error)
         && check_end (stream, error);
}

gboolean
vq_guest_stream_fail (VqGuestStream *stream, GError *reason, GError **error)
{
  /* If the guest hung up, what we met is only the consequence. */
  if (stream->guest_closed && !vq_guest_stream_finish (stream, error))
    g_error_free (reason);
  else
    g_propagate_error (error, reason);
  return FALSE;
}
