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
release (VqChannelCall *call)
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
    release (call);
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

gboolean
vq_channel_call_signal (VqChannelCall *call, int signum)
{
  return call->command == NULL || vq_channel_signal (call->channel, call->command, signum);
}

void
vq_channel_call_free (VqChannelCall *call)
{
  if (call == NULL)
    return;
  if (call->command == NULL)
    {
      release (call);
      return;
    }
  call->abandoned = TRUE;
  vq_channel_kill (call->channel, call->command);
}

gboolean
vq_channel_call_has_ended (VqChannelCall *call)
{
  return call->command == NULL;
}

static gboolean
has_ended (gpointer call)
{
  return vq_channel_call_has_ended (call);
}

gboolean
vq_channel_call_finish (VqChannelCall *call, const char *what, gint64 deadline, VqCancel *cancel,
                        VqEnd *end, GError **error)
{
  g_autoptr (VqChannelCall) own G_GNUC_UNUSED = call;

  if (!vq_wait_until (has_ended, call, deadline, cancel, what, error))
    return FALSE;
  *end = call->end;
  if (call->error == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&call->error));
  return FALSE;
}
