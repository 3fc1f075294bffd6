// SPDX-License-Identifier: GPL-2.0-or-later
/* The guest's side of --disk: its disks are found by their serial numbers, get file systems, and
 * are mounted. */
#pragma once

#include "base/wait.h"
#include "channel/channel.h"

/* Mounts those of DISKS (VqDisk) that are to be mounted and are not. One that began empty and still
 * is gets its file system first; nothing else is ever formatted. Warns if that is another one than
 * the default, because the guest cannot make that. Waits for each disk to appear, and for the
 * guest, until DEADLINE. */
gboolean vq_guest_disks_set_up (const GPtrArray *disks, VqChannel *channel, gint64 deadline,
                                VqCancel *cancel, GError **error) G_GNUC_WARN_UNUSED_RESULT;
