// SPDX-License-Identifier: GPL-2.0-or-later
/* The channel that needs nothing in the guest but an ssh server and a POSIX shell, and sudo without
 * a password if it does not log in as root. Each command is a channel of an ssh connection
 * (ssh-exec), so it has its own flow control, and any number run at once.
 *
 * OpenSSH's server runs at most ten commands on a connection (MaxSessions). Nine are ours, one is
 * left to kill another; for the tenth command a further connection is opened. If the server admits
 * no more of these, commands wait for others to end.
 *
 * A command whose output nobody reads any more is sent a SIGPIPE; ssh cannot close a single stream.
 * A signal that ssh has no name for is told as SIGABRT. stdout and stderr of one command share a
 * window: while nobody reads one of them, at most some MiB more come of the other. */
#pragma once

#include "channel/channel.h"
#include "ssh/ssh-session.h"

/* Runs commands over SESSION, which is ready, is logged in with LOGIN, and becomes the channel's,
 * even on failure. Tries it with "true": waits until DEADLINE for that. LOGIN must outlive the
 * channel. When a connection is lost, its commands end with VQ_ENDED_FAILED, and no others can be
 * started. What still runs in the guest when the channel is freed runs on there, without its
 * streams. */
VqChannel *vq_ssh_channel_new (VqSshSession *session, VqSshLogin *login, gint64 deadline,
                               VqCancel *cancel, GError **error) G_GNUC_WARN_UNUSED_RESULT;
