// SPDX-License-Identifier: GPL-2.0-or-later
/* What is done inside a guest to make a testbed of it. Every step is a small POSIX shell script. */
#pragma once

#include <glib.h>

#include "channel/channel.h"
#include "base/wait.h"

/* Waits in the guest until its system is up: with systemd until it is running or degraded, else
 * until a run level is reached and its scripts have ended. */
gboolean vq_guest_setup_wait_booted (VqChannel *channel, gint64 deadline, VqCancel *cancel,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Gives the guest the host's time zone, if both know it. */
gboolean vq_guest_setup_time_zone (VqChannel *channel, gint64 deadline, VqCancel *cancel,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* *USER gets the name of the first user with a UID of 1000 to 59999 (Debian policy 9.2.2), or NULL
 * if there is none. Transfer full. */
gboolean vq_guest_setup_find_user (VqChannel *channel, char **user, gint64 deadline,
                                   VqCancel *cancel, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Makes the scratch directory, mode 0777. *PATH is its path; if it is set already (that of an
 * earlier testbed, as built trees hold absolute paths), the directory gets that very path. */
gboolean vq_guest_setup_make_scratch (VqChannel *channel, char **path, gint64 deadline,
                                      VqCancel *cancel, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Saves the scratch directory PATH to where a reboot leaves it alone, and tells a test that waits
 * for that (autopkgtest-reboot-prepare) that it may go on. */
gboolean vq_guest_setup_save_scratch (VqChannel *channel, const char *path, gint64 deadline,
                                      VqCancel *cancel, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean vq_guest_setup_restore_scratch (VqChannel *channel, const char *path, gint64 deadline,
                                         VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Tells the guest's init to power off, or to reboot. Does not wait; that it happens is for the
 * machine to tell. */
void vq_guest_setup_power_off (VqChannel *channel);
void vq_guest_setup_reboot (VqChannel *channel);

/* The user with the smallest UID of 1000 to 59999 in PASSWD (lines of passwd(5)), or NULL. Transfer
 * full. */
char *vq_guest_setup_parse_users (const char *passwd);
