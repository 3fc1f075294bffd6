// SPDX-License-Identifier: GPL-2.0-or-later
#include "helper/helper-output.h"

#include <errno.h>

#include "base/byte-queue.h"
#include "base/error.h"
#include "io/fd-writer.h"

/* Credit is given back in portions of at least this size, because each frame wakes the guest. */
#define CREDIT_MIN (VQ_HELPER_WINDOW / 4)

struct _VqHelperOutput
{
  GError *loss;       /* NULL: none */
  VqHelperPort *port; /* not owned */
  guint32 stream;
  VqHelperOutputTypes types;
  VqFdWriter *writer;
  VqByteQueue kept;
  gsize under_way; /* bytes that have come and are not credited yet */
  gsize written;   /* those of them that were written or are not wanted any more */
  gboolean over;
  gboolean muted;
  gboolean waits_for_room; /* waits until QEMU takes more, to give credit then */
  void (*emptied) (gpointer data);
  gpointer data;
};

VqHelperOutput *
vq_helper_output_new (VqHelperPort *port, guint32 stream, VqHelperOutputTypes types, int fd,
                      void (*emptied) (gpointer data), gpointer data)
{
  VqHelperOutput *output = g_new0 (VqHelperOutput, 1);

  output->port = port;
  output->stream = stream;
  output->types = types;
  output->writer = vq_fd_writer_new (fd);
  output->emptied = emptied;
  output->data = data;
  return output;
}

void
vq_helper_output_end (VqHelperOutput *output)
{
  output->over = TRUE;
  if (output->waits_for_room)
    vq_helper_port_forget_room (output->port, output);
  output->waits_for_room = FALSE;
}

void
vq_helper_output_mute (VqHelperOutput *output)
{
  output->muted = TRUE;
  vq_helper_output_end (output);
  vq_fd_writer_close (output->writer);
  vq_byte_queue_clear (&output->kept);
}

void
vq_helper_output_free (VqHelperOutput *output)
{
  if (output == NULL)
    return;
  vq_helper_output_mute (output);
  vq_fd_writer_free (output->writer);
  g_clear_error (&output->loss);
  g_free (output);
}

static void
give_credit (gpointer data)
{
  VqHelperOutput *output = data;

  output->waits_for_room = FALSE;
  vq_helper_port_send_u32 (output->port, output->types.credit, output->stream, output->written);
  output->under_way -= output->written;
  output->written = 0;
}

/* While QEMU takes nothing, no credit is given; otherwise the guest could make us queue frames
 * without end. */
static void
give_credit_if_due (VqHelperOutput *output)
{
  if (output->over || output->waits_for_room || output->written < CREDIT_MIN)
    return;
  output->waits_for_room = vq_helper_port_is_full (output->port);
  if (output->waits_for_room)
    vq_helper_port_wait_for_room (output->port, give_credit, output);
  else
    give_credit (output);
}

static void
note_loss (VqHelperOutput *output)
{
  const GError *error = vq_fd_writer_get_error (output->writer);

  if (output->loss == NULL && error != NULL && !vq_error_is_errno (error, EPIPE))
    output->loss = g_error_copy (error);
}

const GError *
vq_helper_output_close (VqHelperOutput *output)
{
  if (output == NULL)
    return NULL;
  vq_helper_output_mute (output);
  note_loss (output);
  return output->loss;
}

static void
break_off (VqHelperOutput *output)
{
  note_loss (output);
  if (!output->over)
    vq_helper_port_send (output->port, output->types.closed, output->stream, NULL, 0);
  vq_helper_output_mute (output);
}

/* Writes as many of the N bytes as possible, and returns how many. */
static gsize
write_some (VqHelperOutput *output, const guint8 *bytes, gsize n)
{
  gsize done = vq_fd_writer_try (output->writer, bytes, n);

  output->written += done;
  if (vq_fd_writer_get_error (output->writer) != NULL)
    break_off (output);
  else
    give_credit_if_due (output);
  return done;
}

static void
on_writable (gpointer data)
{
  VqHelperOutput *output = data;
  gsize done = write_some (output, vq_byte_queue_peek (&output->kept),
                           vq_byte_queue_get_length (&output->kept));

  if (!output->muted)
    vq_byte_queue_consume (&output->kept, done);
  if (vq_helper_output_is_empty (output))
    output->emptied (output->data);
  else
    vq_fd_writer_wait (output->writer, on_writable, output);
}

gboolean
vq_helper_output_add (VqHelperOutput *output, const guint8 *bytes, gsize n, GError **error)
{
  gboolean waits = !vq_helper_output_is_empty (output);
  gsize done = 0;

  if (n > VQ_HELPER_WINDOW - output->under_way)
    return vq_error_set (error, VQ_ERROR_PEER, "more output than it may");
  output->under_way += n;
  if (!output->muted && !waits)
    done = write_some (output, bytes, n);
  if (output->muted)
    return TRUE;
  vq_byte_queue_append (&output->kept, bytes + done, n - done);
  if (!waits && done < n)
    vq_fd_writer_wait (output->writer, on_writable, output);
  return TRUE;
}

gboolean
vq_helper_output_is_empty (VqHelperOutput *output)
{
  return vq_byte_queue_get_length (&output->kept) == 0;
}
