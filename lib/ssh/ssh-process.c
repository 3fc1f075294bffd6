// SPDX-License-Identifier: GPL-2.0-or-later
#include "ssh/ssh-process.h"

#include "ssh/ssh-signal.h"

#define STATUS_MAX 255
#define CLOSE_CALLS 3

/* libssh's callbacks: they only take notes. */

static int
on_data (ssh_session ssh, ssh_channel channel, void *bytes, uint32_t n, int is_err, void *data)
{
  VqSshProcess *process = data;

  if (process->streams == NULL)
    return (int)n;
  return (int)vq_ssh_streams_take (process->streams, is_err != 0, bytes, n);
}

static void
on_eof (ssh_session ssh, ssh_channel channel, void *data)
{
  ((VqSshProcess *)data)->eof = TRUE;
}

static void
on_close (ssh_session ssh, ssh_channel channel, void *data)
{
  VqSshProcess *process = data;

  process->eof = TRUE;
  process->closed = TRUE;
}

static void
on_status (ssh_session ssh, ssh_channel channel, int status, void *data)
{
  vq_ssh_process_exit (data, VQ_ENDED_EXITED, status & STATUS_MAX, NULL);
}

static void
on_signal (ssh_session ssh, ssh_channel channel, const char *name, int core, const char *message,
           const char *language, void *data)
{
  vq_ssh_process_exit (data, VQ_ENDED_SIGNALLED, vq_ssh_signal_get_number (name), NULL);
}

void
vq_ssh_process_clear (VqSshProcess *process)
{
  g_clear_error (&process->error);
}

void
vq_ssh_process_begin (VqSshProcess *process, ssh_session ssh)
{
  process->channel = ssh_channel_new (ssh);
  if (process->channel == NULL)
    g_error ("out of memory");
  process->callbacks = (struct ssh_channel_callbacks_struct){
    .userdata = process,
    .channel_data_function = on_data,
    .channel_eof_function = on_eof,
    .channel_close_function = on_close,
    .channel_exit_status_function = on_status,
    .channel_exit_signal_function = on_signal,
  };
  ssh_callbacks_init (&process->callbacks);
  ssh_add_channel_callbacks (process->channel, &process->callbacks);
}

void
vq_ssh_process_exit (VqSshProcess *process, VqEndKind kind, int value, GError *error)
{
  if (process->exited)
    {
      g_clear_error (&error);
      return;
    }
  process->exited = TRUE;
  process->kind = kind;
  process->value = value;
  g_clear_error (&process->error);
  process->error = error;
  if (process->streams != NULL)
    vq_ssh_drain_begin (&process->drain, process->streams);
}

gboolean
vq_ssh_process_is_drained (VqSshProcess *process)
{
  return process->eof || vq_ssh_drain_is_over (&process->drain, process->streams);
}

gboolean
vq_ssh_process_drain (VqSshProcess *process)
{
  while (!vq_ssh_process_is_drained (process))
    if (!vq_ssh_drain_go_on (&process->drain, process->channel, process->streams)
        || !vq_ssh_streams_are_flushed (process->streams))
      return FALSE;
  return TRUE;
}

/* The first call may send no more than the end of our data if the connection is busy. */
void
vq_ssh_process_close (VqSshProcess *process)
{
  for (guint i = 0; i < CLOSE_CALLS && ssh_channel_close (process->channel) == SSH_AGAIN; i++)
    ;
}

void
vq_ssh_process_drop (VqSshProcess *process)
{
  ssh_remove_channel_callbacks (process->channel, &process->callbacks);
  ssh_channel_free (process->channel);
  process->channel = NULL;
}

void
vq_ssh_process_forget (VqSshProcess *process)
{
  if (process->channel != NULL)
    ssh_remove_channel_callbacks (process->channel, &process->callbacks);
  process->channel = NULL;
}
