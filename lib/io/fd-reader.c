// SPDX-License-Identifier: GPL-2.0-or-later
/* The descriptor is polled only after a try that found nothing. On a FIFO that was opened
 * non-blocking after its last writer had left, poll never reports the end, but read does. */
#include "io/fd-reader.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>

#include "base/error.h"
#include "io/foreign-fd.h"

struct _VqFdReader
{
  VqForeignFd file;
  GError *error;   /* NULL: none */
  guint source_id; /* 0: nobody waits */
  gboolean empty;  /* the last try found nothing */
  VqFdReadable ready;
  gpointer data;
};

VqFdReader *
vq_fd_reader_new (int fd)
{
  VqFdReader *reader = g_new0 (VqFdReader, 1);

  vq_foreign_fd_init (&reader->file, fd, O_RDONLY);
  return reader;
}

void
vq_fd_reader_free (VqFdReader *reader)
{
  if (reader == NULL)
    return;
  if (reader->source_id != 0)
    g_source_remove (reader->source_id);
  vq_foreign_fd_clear (&reader->file);
  g_clear_error (&reader->error);
  g_free (reader);
}

const GError *
vq_fd_reader_get_error (VqFdReader *reader)
{
  return reader->error;
}

gssize
vq_fd_reader_try (VqFdReader *reader, void *buffer, gsize max)
{
  gssize n;

  g_assert (reader->source_id == 0);
  g_assert (max > 0);
  n = vq_foreign_fd_read (&reader->file, buffer, max);
  reader->empty = n < 0 && errno == EAGAIN;
  if (reader->empty)
    return -1;
  if (n < 0 && vq_foreign_fd_may_have_more (&reader->file) && reader->error == NULL)
    vq_error_set_errno (&reader->error, errno, "cannot read");
  return MAX (n, 0);
}

static void
report_ready (VqFdReader *reader)
{
  reader->source_id = 0;
  reader->ready (reader->data);
}

static gboolean
polled (int fd, GIOCondition events, gpointer data)
{
  report_ready (data);
  return G_SOURCE_REMOVE;
}

static gboolean
not_polled (gpointer data)
{
  report_ready (data);
  return G_SOURCE_REMOVE;
}

void
vq_fd_reader_wait (VqFdReader *reader, VqFdReadable ready, gpointer data)
{
  g_assert (reader->source_id == 0);
  reader->ready = ready;
  reader->data = data;
  if (reader->empty)
    reader->source_id
        = g_unix_fd_add (reader->file.fd, G_IO_IN | G_IO_HUP | G_IO_ERR, polled, reader);
  else
    reader->source_id = g_idle_add_full (G_PRIORITY_DEFAULT, not_polled, reader, NULL);
}
