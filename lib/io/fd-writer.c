// SPDX-License-Identifier: GPL-2.0-or-later
#include "io/fd-writer.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <string.h>

#include "base/error.h"
#include "io/foreign-fd.h"

struct _VqFdWriter
{
  VqForeignFd file;
  GError *error;   /* set: broken */
  guint source_id; /* 0: no block is outstanding */
  guint8 *rest;    /* what is not yet written, or NULL */
  gsize len, at;   /* of REST */
  VqFdWritten written;
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

static void
drop_block (VqFdWriter *writer)
{
  if (writer->source_id != 0)
    g_source_remove (writer->source_id);
  writer->source_id = 0;
  g_clear_pointer (&writer->rest, g_free);
}

void
vq_fd_writer_close (VqFdWriter *writer)
{
  drop_block (writer);
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

/* Writes what the descriptor takes now; less than LEN if it must wait or broke. */
static gsize
write_some (VqFdWriter *writer, const guint8 *bytes, gsize len)
{
  gsize at = 0;

  while (at < len && writer->error == NULL)
    {
      gssize n = vq_foreign_fd_write (&writer->file, bytes + at, len - at);

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
report (gpointer data)
{
  VqFdWriter *writer = data;

  writer->source_id = 0;
  g_clear_pointer (&writer->rest, g_free);
  writer->written (writer->error != NULL, writer->data);
  return G_SOURCE_REMOVE;
}

static gboolean
fd_ready (int fd, GIOCondition events, gpointer data)
{
  VqFdWriter *writer = data;

  writer->at += write_some (writer, writer->rest + writer->at, writer->len - writer->at);
  if (writer->at < writer->len && writer->error == NULL)
    return G_SOURCE_CONTINUE;
  return report (writer);
}

void
vq_fd_writer_write (VqFdWriter *writer, const void *bytes, gsize len, VqFdWritten written,
                    gpointer data)
{
  gsize at;

  g_assert (writer->source_id == 0);
  writer->written = written;
  writer->data = data;
  at = write_some (writer, bytes, len);
  if (at == len || writer->error != NULL)
    {
      writer->source_id = g_idle_add_full (G_PRIORITY_DEFAULT, report, writer, NULL);
      return;
    }
  writer->len = len - at;
  writer->at = 0;
  writer->rest = g_memdup2 ((const guint8 *)bytes + at, writer->len);
  writer->source_id
      = g_unix_fd_add (writer->file.fd, G_IO_OUT | G_IO_HUP | G_IO_ERR, fd_ready, writer);
}

gsize
vq_fd_writer_try (VqFdWriter *writer, const void *bytes, gsize len)
{
  g_assert (writer->source_id == 0);
  return write_some (writer, bytes, len);
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
