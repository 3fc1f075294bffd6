// SPDX-License-Identifier: GPL-2.0-or-later
/* A channel that needs only an ssh server and a POSIX shell in the guest, and sudo without a
 * password if it does not log in as root. For each command it starts a virt-qemu-ssh (ssh-client),
 * which gets the command's descriptors and makes a connection of its own, so none of the data goes
 * through the server. Any number of commands run at once, but only a few log in at the same time:
 * OpenSSH's server begins to turn connections away when ten are not logged in yet (MaxStartups). */
#pragma once

#include "channel/channel.h"
#include "ssh/ssh-login.h"

/* Commands log in with LOGIN, which must outlive the channel. If it has no host key, it gets that
 * of the first connection. Until one command has logged in, all of them try until DEADLINE, because
 * the guest may still be booting; later ones try for a minute. Does not wait, and does not look
 * whether there is a server: a command that cannot log in, or whose connection is lost, ends with
 * VQ_ENDED_FAILED and the error of vq_ssh_connect. Commands that still run in the guest when the
 * channel is freed go on there without their streams. Commands have no terminals. */
VqChannel *vq_ssh_channel_new (VqSshLogin *login, gint64 deadline);
