// SPDX-License-Identifier: GPL-2.0-or-later
/* Mounts the directories of --shared-dir in the guest. */
#pragma once

#include <glib.h>

#include "base/cancel.h"
#include "channel/channel.h"

/* Mounts DIRS (an array of VqSharedDir, in the order of their devices) in the guest, and makes
 * mount points that are missing. If the guest has no 9p, the error says so. Waits until
 * DEADLINE. */
gboolean vq_shared_mount_all (const GPtrArray *dirs, VqChannel *channel, gint64 deadline,
                              VqCancel *cancel, GError **error) G_GNUC_WARN_UNUSED_RESULT;
