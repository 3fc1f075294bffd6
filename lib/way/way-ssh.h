// SPDX-License-Identifier: GPL-2.0-or-later
/* The way in through the guest's ssh server. */
#pragma once

#include "channel/channel.h"
#include "ssh/ssh-login.h"
#include "way/way.h"

/* Starts to log in at once, through LOGIN's port on the host, and tries that until DEADLINE. LOGIN
 * must outlive the result. If it has no host key, it gets that of the first connection. */
VqWay *vq_way_ssh_new (VqSshLogin *login, gint64 deadline);

/* The ssh channel of a way that is open, which outlives the way. Transfer full; NULL if WAY is of
 * another kind. */
VqChannel *vq_way_ssh_take_channel (VqWay *way);
