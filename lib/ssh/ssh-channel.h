// SPDX-License-Identifier: GPL-2.0-or-later
/* The channel that needs nothing in the guest but an ssh server and a POSIX shell, and sudo without
 * a password if it does not log in as root. Each command is a virt-qemu-ssh (ssh-client) of its
 * own, which has the command's descriptors and a connection into the guest: none of the data goes
 * through us. Any number run at once, but only a few of them log in at a time: OpenSSH's server
 * begins to turn connections away when ten are not logged in yet (MaxStartups). */
#pragma once

#include "channel/channel.h"
#include "ssh/ssh-login.h"

/* Commands log in with LOGIN, which must outlive the channel and gets the host key of the first
 * connection if it has none. Until the first one is in, commands try that until DEADLINE, as the
 * guest may still be booting; after that, for a minute. Does not wait, and does not look whether a
 * server is there: a command that does not get in, or whose connection is lost, ends with
 * VQ_ENDED_FAILED, and its error is that of vq_ssh_connect. What still runs in the guest when the
 * channel is freed runs on there, without its streams. Commands have no terminals. */
VqChannel *vq_ssh_channel_new (VqSshLogin *login, gint64 deadline);
