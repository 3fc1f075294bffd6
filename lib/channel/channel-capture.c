// SPDX-License-Identifier: GPL-2.0-or-later
/* Outputs are captured through pipes. When the channel says that the command has ended, all output
 * is in them, so they are read once more and not to their ends: a daemon in the guest may hold them
 * open. */
#include "channel/channel-capture.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <unistd.h>

#include "channel/channel-call.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"

#define READ_CHUNK 65536
#define READS_PER_DRAIN 16
#define STDERR_MAX 600 /* bytes of it in an error message */

typedef struct
{
  int fd; /* non-blocking, -1: closed */
  guint source_id;
  GString *bytes;   /* NULL: it is not captured */
  gsize keep;       /* of more than this many bytes, only the last ones are kept */
  gboolean dropped; /* there were more */
} Output;

struct _VqChannelCapture
{
  VqChannelCall *call; /* NULL once it has ended; END says how */
  VqEnd end;
  char *name; /* of the program, for errors */
  Output out, err;
};

static void
output_close (Output *output)
{
  g_clear_handle_id (&output->source_id, g_source_remove);
  vq_fd_clear (&output->fd);
}

static void
output_clear (Output *output)
{
  output_close (output);
  if (output->bytes != NULL)
    g_string_free (output->bytes, TRUE);
}

static void
output_append (Output *output, const char *bytes, gsize n)
{
  output->dropped |= output->bytes->len + n > output->keep;
  vq_text_keep_last (output->bytes, bytes, n, output->keep);
}

/* Reads what is there now. 16 reads of 64 KiB are more than a pipe holds. */
static void
output_drain (Output *output)
{
  g_autofree char *buffer = g_malloc (READ_CHUNK);

  for (guint i = 0; i < READS_PER_DRAIN && output->fd >= 0; i++)
    {
      gssize n = read (output->fd, buffer, READ_CHUNK);

      if (n > 0)
        output_append (output, buffer, n);
      else if (n == 0)
        output_close (output);
      else if (errno != EINTR)
        return;
    }
}

static gboolean
output_readable (int fd, GIOCondition events, gpointer data)
{
  output_drain (data);
  return G_SOURCE_CONTINUE; /* removed already when it was closed */
}

/* Makes the pipe. *WRITE_END becomes the caller's. */
static gboolean
output_open (Output *output, gsize keep, int *write_end, GError **error)
{
  int ends[2];

  output->bytes = g_string_new (NULL);
  output->keep = keep;
  if (!vq_fd_open_pipe (ends, error))
    return FALSE;
  output->fd = ends[0];
  *write_end = ends[1];
  if (!g_unix_set_fd_nonblocking (output->fd, TRUE, error))
    return FALSE;
  output->source_id = g_unix_fd_add (output->fd, G_IO_IN | G_IO_HUP, output_readable, output);
  return TRUE;
}

void
vq_channel_capture_free (VqChannelCapture *capture)
{
  if (capture == NULL)
    return;
  vq_channel_call_free (capture->call);
  output_clear (&capture->out);
  output_clear (&capture->err);
  g_free (capture->name);
  g_free (capture);
}

/* FD, or an open /dev/null if that is -1; -1 with *ERROR set if it cannot be opened. */
static int
or_null (int fd, GError **error)
{
  if (fd < 0)
    fd = open ("/dev/null", O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    vq_error_set_errno (error, errno, "cannot open /dev/null");
  return fd;
}

/* Opens those of FDS, the descriptors of the command, that are -1. */
static gboolean
open_all (VqChannelCapture *capture, int fds[3], GError **error)
{
  fds[0] = or_null (fds[0], error);
  return fds[0] >= 0
         && (fds[1] >= 0 || output_open (&capture->out, VQ_CHANNEL_CAPTURE_MAX, &fds[1], error))
         && output_open (&capture->err, STDERR_MAX * 4, &fds[2], error);
}

VqChannelCapture *
vq_channel_capture_start (VqChannel *channel, const char *const *argv, int in, int out,
                          GError **error)
{
  g_autoptr (VqChannelCapture) capture = g_new0 (VqChannelCapture, 1);
  int fds[3] = { in, out, -1 };

  capture->name = g_path_get_basename (argv[0]);
  capture->out.fd = capture->err.fd = -1;
  if (open_all (capture, fds, error))
    {
      capture->call = vq_channel_call_start (channel, argv, fds[0], fds[1], fds[2]);
      return g_steal_pointer (&capture);
    }
  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    vq_fd_clear (&fds[i]);
  return NULL;
}

static gboolean
ended_or_too_much (gpointer data)
{
  VqChannelCapture *capture = data;

  return vq_channel_call_has_ended (capture->call) || capture->out.dropped;
}

static gboolean
judge_end (VqChannelCapture *capture, GError **error)
{
  GString *err = capture->err.bytes;
  g_autofree char *said = vq_text_printable (err->str, err->len, STDERR_MAX);

  if (vq_channel_capture_get_status (capture) == 0)
    return TRUE;
  return vq_error_set (error, VQ_ERROR_PEER, "%s %d%s%s",
                       capture->end.kind == VQ_ENDED_EXITED ? "exit status" : "killed by signal",
                       capture->end.value, said[0] == '\0' ? "" : ": ", said);
}

gboolean
vq_channel_capture_wait (VqChannelCapture *capture, gint64 deadline, VqCancel *cancel,
                         GError **error)
{
  if (!vq_wait_until (ended_or_too_much, capture, deadline, cancel, "end of the command", error))
    return FALSE;
  output_drain (&capture->out);
  output_drain (&capture->err);
  if (capture->out.dropped)
    return vq_error_set (error, VQ_ERROR_PEER, "more than %d KiB of output",
                         VQ_CHANNEL_CAPTURE_MAX / 1024);
  return vq_channel_call_finish (g_steal_pointer (&capture->call), "end of the command", deadline,
                                 cancel, &capture->end, error)
         && judge_end (capture, error);
}

int
vq_channel_capture_get_status (VqChannelCapture *capture)
{
  return capture->end.kind == VQ_ENDED_EXITED ? capture->end.value : -1;
}

gboolean
vq_channel_capture_finish (VqChannelCapture *capture, char **out, gint64 deadline, VqCancel *cancel,
                           GError **error)
{
  g_autoptr (VqChannelCapture) own G_GNUC_UNUSED = capture;
  VQ_ERROR_PREFIX (error, "%s", capture->name);

  if (!vq_channel_capture_wait (capture, deadline, cancel, error))
    return FALSE;
  if (out != NULL)
    *out = g_strdup (capture->out.bytes->str);
  return TRUE;
}

gboolean
vq_channel_capture (VqChannel *channel, const char *const *argv, char **out, gint64 deadline,
                    VqCancel *cancel, GError **error)
{
  VqChannelCapture *capture = vq_channel_capture_start (channel, argv, -1, -1, error);

  return capture != NULL && vq_channel_capture_finish (capture, out, deadline, cancel, error);
}
