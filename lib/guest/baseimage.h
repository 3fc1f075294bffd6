// SPDX-License-Identifier: GPL-2.0-or-later
/* The guest's side of --baseimage: the first image, unchanged, as a read-only disk that tests find
 * as /dev/baseimage. It holds the same file systems as the disk that the guest runs from, with the
 * same UUIDs and labels. The udev rules that keep its links from taking over those of the real ones
 * must be there before the disk is, and are gone with each boot. */
#pragma once

#include <glib.h>

#include "channel/channel.h"
#include "base/wait.h"

/* By which the guest knows the disk. */
#define VQ_BASEIMAGE_SERIAL "BASEIMAGE"

/* Puts the rules into the guest. ROOT comes before all paths: "" but in tests. A guest without udev
 * has no such links, and gets none. */
gboolean vq_baseimage_add_rules (VqChannel *channel, const char *root, gint64 deadline,
                                 VqCancel *cancel, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Waits until the disk that was plugged in is there as /dev/baseimage, and udev is done with its
 * partitions; DEADLINE at most. */
gboolean vq_baseimage_wait (VqChannel *channel, const char *root, gint64 deadline, VqCancel *cancel,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;
