// SPDX-License-Identifier: GPL-2.0-or-later
/* A channel into nothing but this machine: it runs commands as children of the test, so that
 * what sits on top of a channel can be tested without a guest. */
#pragma once

#include "channel/channel.h"

/* A program that does not exist ends with status 127, as in a shell. A command has ended when its
 * process has; its descendants may live on and hold the descriptors. Free with vq_channel_free,
 * which kills and reaps what still runs. */
VqChannel *host_channel_new (void);

/* The same; it has terminals: pseudo-terminals of this machine. */
VqChannel *host_channel_new_with_terminals (void);

/* How many commands run, and how often kill was called. */
guint host_channel_n_running (VqChannel *channel);
guint host_channel_n_killed (VqChannel *channel);

/* The process of the command that was started last and still runs; 0 if none does. It leads a
 * process group of its own. */
GPid host_channel_last_pid (VqChannel *channel);
