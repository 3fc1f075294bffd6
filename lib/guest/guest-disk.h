// SPDX-License-Identifier: GPL-2.0-or-later
/* The guest's root file system, when its disk has become larger than the image. */
#pragma once

#include "base/wait.h"
#include "channel/channel.h"

/* Lets the root file system have all of the disk: the partition, which must be the last one of a
 * GPT or an MBR, and on it ext4, xfs or btrfs. Needs nothing in the guest but our helper, through
 * which CHANNEL must lead. Fails if it is anywhere else, and has changed nothing then. Waits until
 * DEADLINE. */
gboolean vq_guest_disk_grow (VqChannel *channel, gint64 deadline, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
