// SPDX-License-Identifier: GPL-2.0-or-later
/* Both outputs are captured through pipes of which only we hold the read ends. "Done" means that
 * all output is written, not that the pipes are closed: a daemon may keep them, so their end is
 * not waited for. */
#include "channel/channel-capture.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "io/fd-writer.h"
#include "base/text.h"

#define READ_CHUNK 65536
#define READS_PER_DRAIN 16
#define STDERR_MAX 300 /* bytes of it in an error message */

typedef struct
{
  int fd; /* non-blocking, -1: closed */
  guint source_id;
  GByteArray *bytes;
  gsize keep;       /* more than this many bytes: those at the front are dropped */
  gboolean dropped; /* some were */
} Capture;

struct _VqChannelRun
{
  VqChannel *channel;
  VqCommand *command; /* the channel's */
  char *name;         /* of the program, for errors */
  Capture out, err;
  VqFdWriter *in; /* NULL: stdin is /dev/null */
  gboolean ended;
  VqEndKind kind;
  int value;
  GError *error;      /* with VQ_ENDED_FAILED */
  gboolean abandoned; /* nobody waits any more: freed when done */
};

static void
capture_close (Capture *capture)
{
  if (capture->source_id != 0)
    g_source_remove (capture->source_id);
  capture->source_id = 0;
  if (capture->fd >= 0)
    close (capture->fd);
  capture->fd = -1;
}

static void
capture_append (Capture *capture, const guint8 *bytes, gsize n)
{
  g_byte_array_append (capture->bytes, bytes, n);
  if (capture->bytes->len > capture->keep)
    {
      g_byte_array_remove_range (capture->bytes, 0, capture->bytes->len - capture->keep);
      capture->dropped = TRUE;
    }
}

/* Takes what is there now. 16 reads of 64 KiB are more than a pipe holds. */
static void
capture_drain (Capture *capture)
{
  g_autofree guint8 *buffer = g_malloc (READ_CHUNK);

  for (guint i = 0; i < READS_PER_DRAIN && capture->fd >= 0; i++)
    {
      gssize n = read (capture->fd, buffer, READ_CHUNK);

      if (n > 0)
        capture_append (capture, buffer, n);
      else if (n == 0)
        capture_close (capture);
      else if (errno != EINTR)
        return;
    }
}

static gboolean
capture_readable (int fd, GIOCondition events, gpointer data)
{
  capture_drain (data);
  return G_SOURCE_CONTINUE; /* removed already when it was closed */
}

/* Sets *WRITE_END, which becomes the caller's. */
static gboolean
capture_open (Capture *capture, gsize keep, int *write_end, GError **error)
{
  int ends[2];

  capture->bytes = g_byte_array_new ();
  capture->keep = keep;
  capture->fd = -1;
  if (!g_unix_open_pipe (ends, FD_CLOEXEC, error))
    return FALSE;
  capture->fd = ends[0];
  *write_end = ends[1];
  if (!g_unix_set_fd_nonblocking (capture->fd, TRUE, error))
    return FALSE;
  capture->source_id = g_unix_fd_add (capture->fd, G_IO_IN | G_IO_HUP, capture_readable, capture);
  return TRUE;
}

static void
run_close (VqChannelCapture *run)
{
  capture_close (&run->out);
  capture_close (&run->err);
  g_clear_pointer (&run->in, vq_fd_writer_free);
}

static void
run_free (VqChannelCapture *run)
{
  run_close (run);
  g_clear_pointer (&run->out.bytes, g_byte_array_unref);
  g_clear_pointer (&run->err.bytes, g_byte_array_unref);
  g_clear_error (&run->error);
  g_free (run->name);
  g_free (run);
}

static void
run_done (const VqEnd *end, gpointer data)
{
  VqChannelCapture *run = data;

  if (run->abandoned)
    {
      run_free (run);
      return;
    }
  run->ended = TRUE;
  run->kind = end->kind;
  run->value = end->value;
  if (end->kind == VQ_ENDED_FAILED)
    run->error = g_error_copy (end->error);
}

static void
input_written (gboolean broken, gpointer data)
{
  vq_fd_writer_close (((VqChannelCapture *)data)->in);
}

/* Sets *READ_END, which becomes the caller's. */
static gboolean
open_input (VqChannelCapture *run, const char *input, int *read_end, GError **error)
{
  int ends[2];

  if (input == NULL)
    {
      *read_end = open ("/dev/null", O_RDONLY | O_CLOEXEC);
      return *read_end >= 0 || vq_error_set_errno (error, errno, "cannot open /dev/null");
    }
  if (!g_unix_open_pipe (ends, FD_CLOEXEC, error))
    return FALSE;
  *read_end = ends[0];
  run->in = vq_fd_writer_new (ends[1]);
  vq_fd_writer_write (run->in, input, strlen (input), input_written, run);
  return TRUE;
}

/* Opens the three descriptors of the command; on failure those that are open are in FDS too. */
static gboolean
run_open (VqChannelCapture *run, const char *input, int fds[3], GError **error)
{
  gboolean with_out = capture_open (&run->out, VQ_CHANNEL_RUN_MAX, &fds[1], error);
  gboolean with_err = capture_open (&run->err, STDERR_MAX * 4, &fds[2], with_out ? error : NULL);

  return with_out && with_err && open_input (run, input, &fds[0], error);
}

static gboolean
ended_or_too_much (gpointer data)
{
  VqChannelCapture *run = data;

  return run->ended || run->out.dropped;
}

/* The last line that is not empty. Transfer full. */
static char *
last_line (GByteArray *bytes)
{
  const char *start = (const char *)bytes->data;
  gsize end = bytes->len;
  gsize at;

  while (end > 0 && g_ascii_isspace (start[end - 1]))
    end--;
  for (at = end; at > 0 && start[at - 1] != '\n'; at--)
    ;
  return vq_text_printable (end == 0 ? "" : start + at, end - at, STDERR_MAX);
}

static gboolean
judge_end (VqChannelCapture *run, GError **error)
{
  g_autofree char *line = last_line (run->err.bytes);
  const char *colon = line[0] == '\0' ? "" : ": ";

  if (run->kind == VQ_ENDED_FAILED)
    {
      g_propagate_error (error, g_steal_pointer (&run->error));
      return FALSE;
    }
  if (run->kind == VQ_ENDED_SIGNALLED)
    return vq_error_set (error, VQ_ERROR_FAILED, "killed by signal %d%s%s", run->value, colon,
                         line);
  if (run->value != 0)
    return vq_error_set (error, VQ_ERROR_FAILED, "exit status %d%s%s", run->value, colon, line);
  return TRUE;
}

static gboolean
run_wait (VqChannelCapture *run, gint64 deadline, VqCancel *cancel, GError **error)
{
  if (!vq_wait_until (ended_or_too_much, run, deadline, cancel, "end of the command", error))
    return FALSE;
  if (run->ended)
    {
      capture_drain (&run->out);
      capture_drain (&run->err);
    }
  if (run->out.dropped)
    return vq_error_set (error, VQ_ERROR_PEER, "more than %d KiB of output",
                         VQ_CHANNEL_RUN_MAX / 1024);
  return judge_end (run, error);
}

/* It has failed. */
static gboolean
name_program (VqChannelCapture *run, GError **error)
{
  g_prefix_error (error, "%s: ", run->name);
  return FALSE;
}

VqChannelCapture *
vq_channel_capture_start (VqChannel *channel, const char *const *argv, const char *input,
                          GError **error)
{
  VqChannelCapture *run = g_new0 (VqChannelCapture, 1);
  int fds[3] = { -1, -1, -1 };

  run->channel = channel;
  run->name = g_path_get_basename (argv[0]);
  if (run_open (run, input, fds, error))
    {
      run->command = vq_channel_start (channel, argv, fds[0], fds[1], fds[2], run_done, run);
      return run;
    }
  for (guint i = 0; i < 3; i++)
    if (fds[i] >= 0)
      close (fds[i]);
  name_program (run, error);
  run_free (run);
  return NULL;
}

void
vq_channel_capture_free (VqChannelCapture *run)
{
  if (run == NULL)
    return;
  if (run->ended)
    {
      run_free (run);
      return;
    }
  run_close (run);
  run->abandoned = TRUE;
  vq_channel_kill (run->channel, run->command);
}

gboolean
vq_channel_capture_finish (VqChannelCapture *run, char **out, gint64 deadline, VqCancel *cancel,
                           GError **error)
{
  gboolean good = run_wait (run, deadline, cancel, error) || name_program (run, error);

  if (good && out != NULL)
    *out = g_strndup (run->out.bytes->len == 0 ? "" : (const char *)run->out.bytes->data,
                      run->out.bytes->len);
  vq_channel_capture_free (run);
  return good;
}

gboolean
vq_channel_capture (VqChannel *channel, const char *const *argv, const char *input, char **out,
                    gint64 deadline, VqCancel *cancel, GError **error)
{
  VqChannelCapture *run = vq_channel_capture_start (channel, argv, input, error);

  return run != NULL && vq_channel_capture_finish (run, out, deadline, cancel, error);
}
