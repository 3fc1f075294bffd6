// SPDX-License-Identifier: GPL-2.0-or-later
/* The guest's side of --baseimage: tests find the first image, unchanged, as the read-only disk
 * /dev/baseimage. Its file systems have the same UUIDs and labels as those that the guest runs
 * from. So udev rules must prevent that its links replace those of the guest's own disk. These
 * rules must exist before the disk is plugged in, and are gone after each boot. */
#pragma once

#include <glib.h>

#include "channel/channel.h"
#include "base/wait.h"

/* The serial number by which the guest recognises the disk. */
#define VQ_BASEIMAGE_SERIAL "BASEIMAGE"

/* Puts the rules into the guest. ROOT is put before all paths; it is "" except in tests. A guest
 * without udev has no such links, and needs no rules. */
gboolean vq_baseimage_add_rules (VqChannel *channel, const char *root, gint64 deadline,
                                 VqCancel *cancel, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* After the disk was plugged in: waits until it is there as /dev/baseimage and udev has handled its
 * partitions, or until DEADLINE. */
gboolean vq_baseimage_wait (VqChannel *channel, const char *root, gint64 deadline, VqCancel *cancel,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;
