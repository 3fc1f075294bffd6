// SPDX-License-Identifier: GPL-2.0-or-later
/* A channel that runs commands on this machine, as children of the test. So modules that use a
 * channel can be tested without a guest. */
#pragma once

#include "channel/channel.h"

/* If a program does not exist, the status is 127, as in a shell. A command ends with its process,
 * even if descendants live on and hold the descriptors. Free with vq_channel_free, which kills and
 * reaps what still runs. */
VqChannel *host_channel_new (void);

/* The same, with terminals, which are pseudo-terminals of this machine. */
VqChannel *host_channel_new_with_terminals (void);

/* How many commands run, and how many were killed. */
guint host_channel_n_running (VqChannel *channel);
guint host_channel_n_killed (VqChannel *channel);

/* The process of the last command that was started and still runs, or 0. It leads a process group
 * of its own. */
GPid host_channel_last_pid (VqChannel *channel);
