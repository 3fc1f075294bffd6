// SPDX-License-Identifier: GPL-2.0-or-later
#include "io/line-reader.h"

#include <errno.h>
#include <glib-unix.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/error.h"

/* autopkgtest may send us nothing for days while a test runs, so reading a command has no deadline.
 * This one exists only because vq_wait_fd needs one. */
#define NEVER_SECONDS (100.0 * 365 * 24 * 60 * 60)

#define CHUNK 65536

struct _VqLineReader
{
  int fd; /* the caller's */
  GString *unread;
  gsize scanned; /* so many bytes of UNREAD have been searched and hold no newline */
  gboolean at_end;
  guint hangup_id; /* 0: nothing is watched */
  VqLineReaderGone gone;
  gpointer gone_data;
};

VqLineReader *
vq_line_reader_new (int fd)
{
  VqLineReader *reader = g_new0 (VqLineReader, 1);

  reader->fd = fd;
  reader->unread = g_string_new (NULL);
  return reader;
}

void
vq_line_reader_free (VqLineReader *reader)
{
  if (reader == NULL)
    return;
  vq_line_reader_unwatch_hangup (reader);
  g_string_free (reader->unread, TRUE);
  g_free (reader);
}

/* Reads once, which may give a part of a line, several lines, or the end. */
static gboolean
fill (VqLineReader *reader, VqCancel *cancel, GError **error)
{
  char chunk[CHUNK];
  gssize n;

  if (!vq_wait_fd (reader->fd, G_IO_IN, vq_deadline_in (NEVER_SECONDS), cancel, "command", error))
    return FALSE;
  n = read (reader->fd, chunk, sizeof chunk);
  /* EAGAIN means that the file is non-blocking and another process that shares it has read the data
   * first. The next wait blocks, so this does not spin. */
  if (n < 0 && errno != EINTR && errno != EAGAIN)
    return vq_error_set_errno (error, errno, "cannot read the next command");
  if (n > 0)
    g_string_append_len (reader->unread, chunk, n);
  reader->at_end = n == 0;
  return TRUE;
}

/* Finds the end of the first line. *LENGTH does not count the newline. */
static gboolean
find_line (VqLineReader *reader, gsize *length, gsize *consumed)
{
  const char *start = reader->unread->str;
  const char *newline
      = memchr (start + reader->scanned, '\n', reader->unread->len - reader->scanned);

  reader->scanned = reader->unread->len;
  if (newline == NULL && !(reader->at_end && reader->unread->len > 0))
    return FALSE;
  *length = newline != NULL ? (gsize)(newline - start) : reader->unread->len;
  *consumed = *length + (newline != NULL);
  return TRUE;
}

static gboolean
line_too_long (GError **error)
{
  return vq_error_set (error, VQ_ERROR_USAGE, "a command line is longer than %d bytes",
                       VQ_LINE_MAX);
}

/* Moves the first line from the buffer to *LINE. A bad line stays in the buffer, so that later
 * calls fail in the same way. */
static gboolean
take_line (VqLineReader *reader, gsize length, gsize consumed, char **line, GError **error)
{
  reader->scanned = 0;
  if (length > VQ_LINE_MAX)
    return line_too_long (error);
  if (memchr (reader->unread->str, '\0', length) != NULL)
    return vq_error_set (error, VQ_ERROR_USAGE, "a command line has a NUL byte in it");
  *line = g_strndup (reader->unread->str, length);
  g_string_erase (reader->unread, 0, consumed);
  return TRUE;
}

gboolean
vq_line_reader_next (VqLineReader *reader, char **line, VqCancel *cancel, GError **error)
{
  gsize length, consumed;

  *line = NULL;
  while (!find_line (reader, &length, &consumed))
    {
      if (reader->at_end)
        return TRUE;
      if (reader->unread->len > VQ_LINE_MAX)
        return line_too_long (error);
      if (!fill (reader, cancel, error))
        return FALSE;
    }
  return take_line (reader, length, consumed, line, error);
}

/* Whether the other end has hung up and everything that it wrote has been read. */
static gboolean
caller_is_gone (VqLineReader *reader)
{
  struct pollfd poll_fd = { .fd = reader->fd };
  int in_pipe = 0;

  if (reader->unread->len > 0)
    return FALSE;
  /* With no events set, poll reports only POLLHUP, POLLERR and POLLNVAL. */
  if (poll (&poll_fd, 1, 0) != 1)
    return FALSE;
  return ioctl (reader->fd, FIONREAD, &in_pipe) < 0 || in_pipe == 0;
}

static gboolean
on_hangup (int fd, GIOCondition events, gpointer data)
{
  VqLineReader *reader = data;

  /* A hang-up stays, so the source must be removed in any case, or the main loop would spin. */
  reader->hangup_id = 0;
  if (caller_is_gone (reader))
    reader->gone (reader->gone_data);
  return G_SOURCE_REMOVE;
}

void
vq_line_reader_watch_hangup (VqLineReader *reader, VqLineReaderGone gone, gpointer data)
{
  vq_line_reader_unwatch_hangup (reader);
  reader->gone = gone;
  reader->gone_data = data;
  reader->hangup_id = g_unix_fd_add (reader->fd, G_IO_HUP | G_IO_ERR, on_hangup, reader);
}

void
vq_line_reader_unwatch_hangup (VqLineReader *reader)
{
  g_clear_handle_id (&reader->hangup_id, g_source_remove);
}
