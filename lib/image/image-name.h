// SPDX-License-Identifier: GPL-2.0-or-later
/* Finds the file that an image's name on the command line means. Nothing here opens it. */
#pragma once

#include <glib.h>

#include "base/cancel.h"

/* The directories in which a name is looked up, in this order: $IMAGEDIR if it is set, then
 * sbuild's and our own in the user's cache directory. Transfer full. */
char **vq_image_name_get_directories (void);

/* The path of the image NAME. It is NAME itself if a file of that name exists in the current
 * directory, or if NAME contains a slash. Otherwise it is the first of NAME, NAME.img and
 * NAME.qcow2 in the first of DIRECTORIES that has one of them. A directory is only returned if
 * there is no file, so that the error can say so. If there is nothing, fails with VQ_ERROR_MISSING
 * and one line that says where it was looked for. Transfer full. */
char *vq_image_name_find (const char *name, const char *const *directories, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Whether NAME means a system: it is DISTRO/RELEASE[/ARCH] (image/os-name.h), and no file here has
 * that name. */
gboolean vq_image_name_is_system (const char *name);

/* The same as above with the directories above, but the name of a system is the path of its image,
 * which is built if it is not in the cache; that takes minutes (image/image-build.h). ARCH is for a
 * name that has none. Transfer full. */
char *vq_image_name_provide (const char *name, const char *arch, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
