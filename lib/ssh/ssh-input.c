// SPDX-License-Identifier: GPL-2.0-or-later
#include "ssh/ssh-input.h"

#include "base/byte-queue.h"
#include "io/fd-reader.h"

#define CHUNK (128 * 1024) /* bytes read and sent at once */

struct _VqSshInput
{
  VqSshSession *session; /* not owned; this and CHANNEL: where it goes to, NULL until known */
  ssh_channel channel;
  VqByteQueue unsent;
  VqFdReader *reader; /* owned; NULL: at its end */
  gboolean waits;     /* for the reader */
  gboolean end_sent;
};

VqSshInput *
vq_ssh_input_new (GBytes *begin, int fd)
{
  VqSshInput *input = g_new0 (VqSshInput, 1);

  vq_byte_queue_append (&input->unsent, g_bytes_get_data (begin, NULL), g_bytes_get_size (begin));
  input->reader = fd >= 0 ? vq_fd_reader_new (fd) : NULL;
  return input;
}

void
vq_ssh_input_close (VqSshInput *input)
{
  g_clear_pointer (&input->reader, vq_fd_reader_free);
  input->waits = FALSE;
}

void
vq_ssh_input_stop (VqSshInput *input)
{
  vq_ssh_input_close (input);
  input->channel = NULL;
}

void
vq_ssh_input_free (VqSshInput *input)
{
  if (input == NULL)
    return;
  vq_ssh_input_close (input);
  vq_byte_queue_clear (&input->unsent);
  g_free (input);
}

static void
on_readable (gpointer data)
{
  VqSshInput *input = data;

  input->waits = FALSE;
  if (input->channel == NULL)
    return;
  vq_ssh_input_push (input, input->session, input->channel);
  vq_ssh_session_touch (input->session);
}

/* Reads up to ROOM bytes of what is there. */
static void
fetch (VqSshInput *input, gsize room)
{
  g_autofree guint8 *chunk = g_malloc (CHUNK);
  gsize max = MIN (room, CHUNK);
  gsize got = 0;
  gssize n;

  do
    {
      n = vq_fd_reader_try (input->reader, chunk + got, max - got);
      got += MAX (n, 0);
    }
  while (n > 0 && got < max);
  vq_byte_queue_append (&input->unsent, chunk, got);
  if (n == 0)
    vq_ssh_input_close (input);
}

/* While keys are exchanged again, libssh takes nothing. */
static void
send_unsent (VqSshInput *input, gsize room)
{
  gsize n = MIN (room, vq_byte_queue_get_length (&input->unsent));
  int sent = ssh_channel_write (input->channel, vq_byte_queue_peek (&input->unsent), n);

  if (sent > 0)
    vq_byte_queue_consume (&input->unsent, sent);
}

/* Not before the server has room, even for the end of it: else a large input would be read ahead.
 */
static void
go_on (VqSshInput *input)
{
  gsize room = ssh_channel_window_size (input->channel);

  if (vq_byte_queue_get_length (&input->unsent) == 0 && input->reader != NULL && room > 0)
    fetch (input, room);
  if (vq_byte_queue_get_length (&input->unsent) > 0 && room > 0)
    send_unsent (input, room);
  if (vq_byte_queue_get_length (&input->unsent) > 0)
    return;
  if (input->reader == NULL)
    {
      ssh_channel_send_eof (input->channel);
      input->end_sent = TRUE;
    }
  else if (room > 0)
    {
      input->waits = TRUE;
      vq_fd_reader_wait (input->reader, on_readable, input);
    }
}

void
vq_ssh_input_push (VqSshInput *input, VqSshSession *session, ssh_channel channel)
{
  input->session = session;
  input->channel = channel;
  if (!input->end_sent && !input->waits && !vq_ssh_session_is_busy (session)
      && ssh_channel_is_open (channel))
    go_on (input);
}
