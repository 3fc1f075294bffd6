// SPDX-License-Identifier: GPL-2.0-or-later
#include "io/fd-writer.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>

#include "base/error.h"
#include "io/foreign-fd.h"

struct _VqFdWriter
{
  VqForeignFd file;
  GError *error;   /* NULL: none */
  guint source_id; /* 0: nobody waits */
  VqFdWritable ready;
  gpointer data;
};

VqFdWriter *
vq_fd_writer_new (int fd)
{
  VqFdWriter *writer = g_new0 (VqFdWriter, 1);

  vq_foreign_fd_init (&writer->file, fd, O_WRONLY);
  return writer;
}

void
vq_fd_writer_close (VqFdWriter *writer)
{
  g_clear_handle_id (&writer->source_id, g_source_remove);
  if (!vq_foreign_fd_clear (&writer->file) && writer->error == NULL)
    vq_error_set_errno (&writer->error, errno, "cannot write");
}

void
vq_fd_writer_free (VqFdWriter *writer)
{
  if (writer == NULL)
    return;
  vq_fd_writer_close (writer);
  g_clear_error (&writer->error);
  g_free (writer);
}

const GError *
vq_fd_writer_get_error (VqFdWriter *writer)
{
  return writer->error;
}

gsize
vq_fd_writer_try (VqFdWriter *writer, const void *bytes, gsize len)
{
  gsize at = 0;

  g_assert (writer->source_id == 0);
  while (at < len && writer->error == NULL)
    {
      gssize n = vq_foreign_fd_write (&writer->file, (const char *)bytes + at, len - at);

      if (n == 0 || (n < 0 && errno == EAGAIN))
        break;
      if (n < 0)
        vq_error_set_errno (&writer->error, errno, "cannot write");
      else
        at += n;
    }
  return at;
}

static gboolean
polled (int fd, GIOCondition events, gpointer data)
{
  VqFdWriter *writer = data;

  writer->source_id = 0;
  writer->ready (writer->data);
  return G_SOURCE_REMOVE;
}

void
vq_fd_writer_wait (VqFdWriter *writer, VqFdWritable ready, gpointer data)
{
  g_assert (writer->source_id == 0);
  writer->ready = ready;
  writer->data = data;
  writer->source_id
      = g_unix_fd_add (writer->file.fd, G_IO_OUT | G_IO_HUP | G_IO_ERR, polled, writer);
}
