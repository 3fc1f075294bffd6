// SPDX-License-Identifier: GPL-2.0-or-later
/* The channel that needs nothing in the guest but qemu-guest-agent and perl-base: each command
 * is run by a small script, which guest-exec starts, and its streams go through pipes
 * (lib/channel/agent-pipe.h). Slow (the agent moves a few MB a second) but without limits. */
#pragma once

#include "channel/channel.h"
#include "channel/guest-agent.h"

/* Puts the script into DIRECTORY in the guest (made with mode 0700), and tries it. AGENT must
 * outlive the channel. The environment of commands is PATH, HOME, USER, LOGNAME, SHELL, and what
 * the agent has of LANG, LANGUAGE and LC_*; their umask is 022, all signals have their default
 * action. */
VqChannel *vq_agent_channel_new (VqGuestAgent *agent, const char *directory, gint64 deadline,
                                 VqCancel *cancel, GError **error) G_GNUC_WARN_UNUSED_RESULT;
