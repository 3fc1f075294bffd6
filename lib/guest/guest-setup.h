// SPDX-License-Identifier: GPL-2.0-or-later
/* The steps inside a guest that make a testbed of it. Every step is a small POSIX shell script. */
#pragma once

#include <glib.h>

#include "channel/channel.h"
#include "base/wait.h"

/* Sets the guest's time zone to the host's, if the guest knows that zone. */
gboolean vq_guest_setup_time_zone (VqChannel *channel, gint64 deadline, VqCancel *cancel,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* *USER gets the name of the first user with a UID of 1000 to 59999 (Debian policy 9.2.2), or NULL
 * if there is none. Transfer full. */
gboolean vq_guest_setup_find_user (VqChannel *channel, char **user, gint64 deadline,
                                   VqCancel *cancel, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Makes the scratch directory with mode 0777, and sets *PATH to its path. If *PATH is set already,
 * the directory is made there: after a revert it must have the same path as before, because built
 * source trees contain absolute paths. */
gboolean vq_guest_setup_make_scratch (VqChannel *channel, char **path, gint64 deadline,
                                      VqCancel *cancel, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Saves the scratch directory PATH to a place that survives a reboot, and lets a test that waits
 * for this (autopkgtest-reboot-prepare) go on. */
gboolean vq_guest_setup_save_scratch (VqChannel *channel, const char *path, gint64 deadline,
                                      VqCancel *cancel, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean vq_guest_setup_restore_scratch (VqChannel *channel, const char *path, gint64 deadline,
                                         VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Tells the guest's init to power off or to reboot. Does not wait; QEMU's events tell when it
 * happens. */
void vq_guest_setup_power_off (VqChannel *channel);
void vq_guest_setup_reboot (VqChannel *channel);

/* The user with the smallest UID of 1000 to 59999 in PASSWD (lines of passwd(5)), or NULL. Transfer
 * full. */
char *vq_guest_setup_parse_users (const char *passwd);
