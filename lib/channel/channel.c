// SPDX-License-Identifier: GPL-2.0-or-later
#include "channel/channel.h"

VqCommand *
vq_channel_start (VqChannel *channel, const char *const *argv, int in, int out, int err,
                  VqCommandDone done, gpointer data)
{
  g_assert (argv[0] != NULL);
  return channel->class->start (channel, argv, in, out, err, done, data);
}

gboolean
vq_channel_has_terminals (VqChannel *channel)
{
  return channel->class->start_terminal != NULL;
}

VqCommand *
vq_channel_start_terminal (VqChannel *channel, const VqTerminal *terminal, int in, int out,
                           VqCommandDone done, gpointer data)
{
  g_assert (terminal->argv[0] != NULL);
  return channel->class->start_terminal (channel, terminal, in, out, done, data);
}

void
vq_channel_resize (VqChannel *channel, VqCommand *command, guint rows, guint columns)
{
  channel->class->resize (channel, command, rows, columns);
}

void
vq_channel_kill (VqChannel *channel, VqCommand *command)
{
  channel->class->kill (channel, command);
}

gboolean
vq_channel_signal (VqChannel *channel, VqCommand *command, int signum)
{
  if (channel->class->signal == NULL)
    return FALSE;
  channel->class->signal (channel, command, signum);
  return TRUE;
}

void
vq_channel_free (VqChannel *channel)
{
  if (channel != NULL)
    channel->class->free (channel);
}
