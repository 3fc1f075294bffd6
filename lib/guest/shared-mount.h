// SPDX-License-Identifier: GPL-2.0-or-later
/* The directories of --shared-dir, mounted in the guest. */
#pragma once

#include <glib.h>

#include "base/cancel.h"
#include "channel/channel.h"

/* Mounts DIRS (VqSharedDir, in the order of their devices) in the guest; makes the mount points
 * where they are missing. A guest without 9p is an error that says so. Waits until DEADLINE. */
gboolean vq_shared_mount_all (const GPtrArray *dirs, VqChannel *channel, gint64 deadline,
                              VqCancel *cancel, GError **error) G_GNUC_WARN_UNUSED_RESULT;
