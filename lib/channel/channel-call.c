// SPDX-License-Identifier: GPL-2.0-or-later
#include "channel/channel-call.h"

struct _VqChannelCall
{
  VqChannel *channel;
  VqCommand *command; /* the channel's, NULL once it has ended */
  VqEnd end;
  GError *error;      /* with VQ_ENDED_FAILED */
  gboolean abandoned; /* nobody waits any more: on_done frees */
};

static void
call_free (VqChannelCall *call)
{
  g_clear_error (&call->error);
  g_free (call);
}

static void
on_done (const VqEnd *end, gpointer data)
{
  VqChannelCall *call = data;

  call->command = NULL;
  call->end = (VqEnd){ end->kind, end->value, NULL };
  if (end->kind == VQ_ENDED_FAILED)
    call->error = g_error_copy (end->error);
  if (call->abandoned)
    call_free (call);
}

static VqChannelCall *
call_new (VqChannel *channel)
{
  VqChannelCall *call = g_new0 (VqChannelCall, 1);

  call->channel = channel;
  return call;
}

VqChannelCall *
vq_channel_call_start (VqChannel *channel, const char *const *argv, int in, int out, int err)
{
  VqChannelCall *call = call_new (channel);

  call->command = vq_channel_start (channel, argv, in, out, err, on_done, call);
  return call;
}

VqChannelCall *
vq_channel_call_start_terminal (VqChannel *channel, const VqTerminal *terminal, int in, int out)
{
  VqChannelCall *call = call_new (channel);

  call->command = vq_channel_start_terminal (channel, terminal, in, out, on_done, call);
  return call;
}

void
vq_channel_call_resize (VqChannelCall *call, guint rows, guint columns)
{
  if (call->command != NULL)
    vq_channel_resize (call->channel, call->command, rows, columns);
}

static gboolean
has_ended (gpointer data)
{
  return ((VqChannelCall *)data)->command == NULL;
}

gboolean
vq_channel_call_finish (VqChannelCall *call, const char *what, gint64 deadline, VqCancel *cancel,
                        VqEnd *end, GError **error)
{
  gboolean good;

  if (!vq_wait_until (has_ended, call, deadline, cancel, what, error))
    {
      call->abandoned = TRUE;
      vq_channel_kill (call->channel, call->command);
      return FALSE;
    }
  *end = call->end;
  good = call->error == NULL;
  if (!good)
    g_propagate_error (error, g_steal_pointer (&call->error));
  call_free (call);
  return good;
}
