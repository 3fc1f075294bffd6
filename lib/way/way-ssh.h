// SPDX-License-Identifier: GPL-2.0-or-later
/* The way in through the guest's ssh server. */
#pragma once

#include "way/way.h"
#include "ssh/ssh-client.h"

/* Starts to log in at once, through LOGIN's port on the host. LOGIN must outlive the result. If it
 * has no host key, it gets that of the first connection. See vq_ssh_client_start for DIRECTORY and
 * DEADLINE. */
VqWay *vq_way_ssh_new (VqSshLogin *login, const char *directory, gint64 deadline, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* The connection of a way that is open, for a channel that outlives the way. Transfer full; NULL if
 * WAY is of another kind. */
VqSshClient *vq_way_ssh_take_client (VqWay *way);
