// SPDX-License-Identifier: GPL-2.0-or-later
/* The guest's side of --disk: its disks are found by their serial numbers, get file systems, and
 * are mounted. */
#pragma once

#include "base/wait.h"
#include "channel/channel.h"
#include "disk/disk.h"

/* Waits until the guest has found DISK, and mounts it if it is to be mounted and is not. It gets
 * its file system first if it began empty and still is; nothing else is ever formatted. Warns,
 * unless *WARNED is set, if that is another one than the default, because the guest cannot make
 * that; sets *WARNED then. Waits for the disk to appear, and for the guest, until DEADLINE. */
gboolean vq_guest_disks_set_up_one (const VqDisk *disk, gboolean *warned, VqChannel *channel,
                                    gint64 deadline, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Does that with those of DISKS (VqDisk) that are to be mounted, and warns once at most. */
gboolean vq_guest_disks_set_up (const GPtrArray *disks, VqChannel *channel, gint64 deadline,
                                VqCancel *cancel, GError **error) G_GNUC_WARN_UNUSED_RESULT;
