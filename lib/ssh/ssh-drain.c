// SPDX-License-Identifier: GPL-2.0-or-later
#include "ssh/ssh-drain.h"

#define MORE_MAX (3 * 1024 * 1024)
#define QUESTIONS_MAX 64
#define QUIET_ENOUGH 2

void
vq_ssh_drain_begin (VqSshDrain *drain, VqSshStreams *streams)
{
  drain->count_at_end = vq_ssh_streams_count (streams);
}

gboolean
vq_ssh_drain_is_over (const VqSshDrain *drain, VqSshStreams *streams)
{
  return drain->n_quiet >= QUIET_ENOUGH || drain->n_questions >= QUESTIONS_MAX
         || vq_ssh_streams_count (streams) - drain->count_at_end > MORE_MAX;
}

/* Any request with an answer would do; the server refuses this one, as the command runs already. */
static int
ask (ssh_channel channel)
{
  return ssh_channel_request_env (channel, "VQ", "1");
}

gboolean
vq_ssh_drain_go_on (VqSshDrain *drain, ssh_channel channel, VqSshStreams *streams)
{
  if (!drain->asked)
    drain->count_at_question = vq_ssh_streams_count (streams);
  drain->asked = ask (channel) == SSH_AGAIN;
  if (drain->asked || !ssh_is_connected (ssh_channel_get_session (channel)))
    return FALSE;
  drain->n_questions++;
  drain->n_quiet
      = vq_ssh_streams_count (streams) == drain->count_at_question ? drain->n_quiet + 1 : 0;
  return TRUE;
}
