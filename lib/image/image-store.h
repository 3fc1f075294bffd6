// SPDX-License-Identifier: GPL-2.0-or-later
/* The images of systems in the cache (image/image-cache.h). The link that a system's name gives
 * (vq_os_name_get_file) leads to a file that is called by its digest, so that an older image stays
 * as long as somebody needs it (image/image-hold.h). */
#pragma once

#include "image/os-name.h"
#include "io/lock-file.h"
#include "io/part-file.h"

/* The path of OS's image in the cache, if it is there, else NULL. Makes nothing. Transfer full. */
char *vq_image_store_find (const VqOsName *os);

/* Lets us alone make a new image of OS in DIR. While another process does, tells that on stderr,
 * and waits for it without a limit. */
VqLockFile *vq_image_store_lock (VqPrivateDir *dir, const VqOsName *os, VqCancel *cancel,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Makes PART, a complete image in the file system of DIR, the image of OS, whose lock must be held.
 * Gives its path (transfer full). Reads all of it once. */
char *vq_image_store_keep (VqPrivateDir *dir, const VqOsName *os, VqPartFile *part,
                           VqCancel *cancel, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Removes the image PATH, which has no name any more, unless somebody uses it; then it is for
 * "image prune" to do. */
void vq_image_store_remove_old (const char *path);
