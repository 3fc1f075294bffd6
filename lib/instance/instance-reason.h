// SPDX-License-Identifier: GPL-2.0-or-later
/* Why an instance has stopped though nobody asked for that: a file in its directory. It is made
 * with its full size when the instance starts, so there is room for the reason also when the reason
 * is that the disk is full. */
#pragma once

#include "io/private-dir.h"

/* To be called when the instance in DIR starts: makes room, and forgets the last reason. */
gboolean vq_instance_reason_reserve (VqPrivateDir *dir, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Keeps the reason TEXT in the room that was reserved; what is longer than that is cut. */
void vq_instance_reason_write (VqPrivateDir *dir, const char *text);

/* To be called when it stops as it was asked to. */
void vq_instance_reason_clear (VqPrivateDir *dir);

/* The reason, as one line, for an instance that does not run. NULL: it was asked to stop, or has
 * never run. If it had no time to keep one, that is the reason. Transfer full. */
char *vq_instance_reason_read (VqPrivateDir *dir);
