// SPDX-License-Identifier: GPL-2.0-or-later
/* A channel whose commands are handed to an exec server (exec-server.h) in another process of ours,
 * which has a channel into the guest: it gets the words and the three descriptors of each, and says
 * how it ended. None of the data goes through us. exec-wire.h describes the messages. */
#pragma once

#include "channel/channel.h"

/* For the server at SOCKET_PATH. Does not wait, and does not look whether it is there. Commands
 * have no terminals. The server kills what still runs when the channel is freed. */
VqChannel *vq_exec_channel_new (const char *socket_path);

/* The server has ended, for REASON: with it its commands end, VQ_ENDED_FAILED, and so do those that
 * come. To be called by whoever looks after the server: a command whose connection breaks waits
 * some seconds for it, so as to end with the reason. Only the first call counts. */
void vq_exec_channel_fail (VqChannel *channel, const GError *reason);
