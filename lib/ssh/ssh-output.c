// SPDX-License-Identifier: GPL-2.0-or-later
#include "ssh/ssh-output.h"

#include <errno.h>

#include "base/byte-queue.h"
#include "io/fd-writer.h"

struct _VqSshOutput
{
  VqFdWriter *writer; /* owned; NULL: muted */
  VqByteQueue kept;
  gboolean broken;
  guint broken_id; /* the idle source that tells of it */
  void (*changed) (gpointer data);
  gpointer data;
};

VqSshOutput *
vq_ssh_output_new (int fd, void (*changed) (gpointer data), gpointer data)
{
  VqSshOutput *output = g_new0 (VqSshOutput, 1);

  output->writer = fd >= 0 ? vq_fd_writer_new (fd) : NULL;
  output->changed = changed;
  output->data = data;
  return output;
}

static void
close_writer (VqSshOutput *output)
{
  g_clear_pointer (&output->writer, vq_fd_writer_free);
  vq_byte_queue_clear (&output->kept);
}

void
vq_ssh_output_mute (VqSshOutput *output)
{
  close_writer (output);
  g_clear_handle_id (&output->broken_id, g_source_remove);
  output->broken = FALSE;
}

void
vq_ssh_output_free (VqSshOutput *output)
{
  if (output == NULL)
    return;
  vq_ssh_output_mute (output);
  g_free (output);
}

gsize
vq_ssh_output_get_kept (VqSshOutput *output)
{
  return vq_byte_queue_get_length (&output->kept);
}

gboolean
vq_ssh_output_is_broken (VqSshOutput *output)
{
  return output->broken;
}

static gboolean
tell_broken (gpointer data)
{
  VqSshOutput *output = data;

  output->broken_id = 0;
  output->changed (output->data);
  return G_SOURCE_REMOVE;
}

/* That nobody reads is the reader's own wish; a full disk is not. */
static void
break_off (VqSshOutput *output)
{
  const GError *error = vq_fd_writer_get_error (output->writer);

  if (!g_str_has_suffix (error->message, g_strerror (EPIPE)))
    g_message ("output of a command is lost: %s", error->message);
  close_writer (output);
  output->broken = TRUE;
  output->broken_id = g_idle_add_full (G_PRIORITY_DEFAULT, tell_broken, output, NULL);
}

static gsize
write_some (VqSshOutput *output, const guint8 *bytes, gsize n)
{
  gsize done = vq_fd_writer_try (output->writer, bytes, n);

  if (vq_fd_writer_get_error (output->writer) != NULL)
    break_off (output);
  return done;
}

static void
on_writable (gpointer data)
{
  VqSshOutput *output = data;
  gsize done = write_some (output, vq_byte_queue_peek (&output->kept),
                           vq_byte_queue_get_length (&output->kept));

  if (output->writer == NULL)
    return;
  vq_byte_queue_consume (&output->kept, done);
  if (vq_byte_queue_get_length (&output->kept) > 0)
    vq_fd_writer_wait (output->writer, on_writable, output);
  else
    output->changed (output->data);
}

void
vq_ssh_output_add (VqSshOutput *output, const guint8 *bytes, gsize n)
{
  gboolean waits = vq_byte_queue_get_length (&output->kept) > 0;
  gsize done = 0;

  if (output->writer == NULL || n == 0)
    return;
  if (!waits)
    done = write_some (output, bytes, n);
  if (output->writer == NULL)
    return;
  vq_byte_queue_append (&output->kept, bytes + done, n - done);
  if (!waits && done < n)
    vq_fd_writer_wait (output->writer, on_writable, output);
}
