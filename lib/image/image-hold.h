// SPDX-License-Identifier: GPL-2.0-or-later
/* Keeps an image that was fetched (pull/pull-cache.h) from being removed by another process while
 * it is used: those who use it share a lock (io/use-lock.h) on the file beside it that is named
 * .lock. The lines of this file are the paths of disks that lie on the image, and of other users
 * that are no processes: as long as one of these exists, the image is in use, too. The time of the
 * file is that of the last use. Nothing here waits except for the disk. */
#pragma once

#include <glib.h>

/* The file beside an image. */
#define VQ_IMAGE_HOLD_SUFFIX ".lock"

/* Whether NAME, without directories, is that of such an image: sha256-DIGEST.FORMAT. */
gboolean vq_image_hold_is_for (const char *name);

/* Takes the lock on the image PATH. *FD is -1 if it is not such an image; otherwise it holds the
 * lock until it is closed. Fails with VQ_ERROR_BUSY if somebody removes the image now. */
gboolean vq_image_hold_take (const char *path, int *fd, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Notes that what has the absolute path USER needs the image PATH, as long as it exists. Does
 * nothing if PATH is not such an image. */
void vq_image_hold_note (const char *path, const char *user);

/* Whether somebody uses the image PATH. *USER is as below. */
gboolean vq_image_hold_is_used (const char *path, char **user);

/* If nobody uses the image PATH, takes its lock so that nobody can any more, and gives it in *FD.
 * Otherwise *FD is -1, and *USER (transfer full) is one of its users, or NULL if that is a
 * process. */
gboolean vq_image_hold_take_alone (const char *path, int *fd, char **user, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
