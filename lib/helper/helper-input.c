// SPDX-License-Identifier: GPL-2.0-or-later
#include "helper/helper-input.h"

#include <signal.h>

#include "base/error.h"
#include "io/fd-reader.h"

/* The most that is read at once. Nothing is read while the window has less room than this, because
 * otherwise a slow reader would make us send many tiny frames. The guest never holds back so much
 * credit that this room could not come. */
#define CHUNK VQ_HELPER_SEND_MAX

struct _VqHelperInput
{
  VqHelperPort *port; /* not owned */
  guint32 stream;
  VqFdReader *reader; /* NULL: closed */
  gsize under_way;    /* bytes that were sent and not credited yet */
  gboolean waits_for_bytes;
  gboolean waits_for_room;
  GError *loss; /* NULL: none */
};

static void read_on (gpointer data);

VqHelperInput *
vq_helper_input_new (VqHelperPort *port, guint32 stream, int fd)
{
  VqHelperInput *input = g_new0 (VqHelperInput, 1);

  input->port = port;
  input->stream = stream;
  input->reader = vq_fd_reader_new (fd);
  return input;
}

void
vq_helper_input_close (VqHelperInput *input)
{
  g_clear_pointer (&input->reader, vq_fd_reader_free);
  if (input->waits_for_room)
    vq_helper_port_forget_room (input->port, input);
  input->waits_for_room = input->waits_for_bytes = FALSE;
}

void
vq_helper_input_free (VqHelperInput *input)
{
  if (input == NULL)
    return;
  vq_helper_input_close (input);
  g_clear_error (&input->loss);
  g_free (input);
}

const GError *
vq_helper_input_get_loss (VqHelperInput *input)
{
  return input != NULL ? input->loss : NULL;
}

/* What cannot be read must not look like the end to the command: it might do half of its work and
 * call that a success. */
static void
end (VqHelperInput *input)
{
  const GError *error = vq_fd_reader_get_error (input->reader);

  if (error != NULL)
    {
      input->loss = g_error_copy (error);
      vq_helper_port_send_u32 (input->port, VQ_HELPER_KILL, input->stream, SIGKILL);
    }
  else
    vq_helper_port_send (input->port, VQ_HELPER_STDIN_END, input->stream, NULL, 0);
  vq_helper_input_close (input);
}

/* Sends at most one chunk of the input that is there now. */
static void
send_chunk (VqHelperInput *input)
{
  g_autofree guint8 *chunk = g_malloc (CHUNK);
  gsize got = 0;
  gssize n;

  do
    {
      n = vq_fd_reader_try (input->reader, chunk + got, CHUNK - got);
      got += MAX (n, 0);
    }
  while (n > 0 && got < CHUNK);
  if (got > 0)
    vq_helper_port_send (input->port, VQ_HELPER_STDIN, input->stream, chunk, got);
  input->under_way += got;
  if (n == 0)
    end (input);
}

static void
go_on (VqHelperInput *input)
{
  if (input->reader == NULL || input->waits_for_bytes || input->waits_for_room
      || input->under_way + CHUNK > VQ_HELPER_WINDOW)
    return;
  input->waits_for_room = vq_helper_port_is_full (input->port);
  if (input->waits_for_room)
    {
      vq_helper_port_wait_for_room (input->port, read_on, input);
      return;
    }
  send_chunk (input);
  input->waits_for_bytes = input->reader != NULL;
  if (input->waits_for_bytes)
    vq_fd_reader_wait (input->reader, read_on, input);
}

static void
read_on (gpointer data)
{
  VqHelperInput *input = data;

  input->waits_for_bytes = input->waits_for_room = FALSE;
  go_on (input);
}

void
vq_helper_input_start (VqHelperInput *input)
{
  go_on (input);
}

gboolean
vq_helper_input_credit (VqHelperInput *input, gsize n, GError **error)
{
  if (n > input->under_way)
    return vq_error_set (error, VQ_ERROR_PEER, "more credit for stdin than is due");
  input->under_way -= n;
  go_on (input);
  return TRUE;
}
