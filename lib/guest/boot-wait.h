// SPDX-License-Identifier: GPL-2.0-or-later
/* Waits until a guest that can run commands has booted, until its network is up, and until it is
 * idle. */
#pragma once

#include <glib.h>

#include "channel/channel.h"
#include "base/wait.h"

/* Waits until the guest's system has booted: with systemd until its state is "running" or
 * "degraded" and cloud-init has ended, otherwise until a run level is reached and its scripts have
 * ended. Some boots never end, because of a unit that does not. If people could log in already, and
 * nothing has happened for a quarter of the time until DEADLINE, this goes on with a warning that
 * names systemd's jobs; it does the same shortly before DEADLINE. An error names them too. */
gboolean vq_boot_wait_system (VqChannel *channel, gint64 deadline, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Waits until the guest has a default route, so that it can reach others. If it gets none in ten
 * seconds, or if it has a network card that nobody switches on in two, says so in a warning. */
gboolean vq_boot_wait_network (VqChannel *channel, gint64 deadline, VqCancel *cancel,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Waits until a guest that has booted can be saved: until no program has locked the data of apt or
 * dpkg, and systemd has no jobs. Fails if such a lock is held for five minutes, and says which. If
 * jobs do not end within half a minute, goes on with a warning that names them. */
gboolean vq_boot_wait_idle (VqChannel *channel, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
