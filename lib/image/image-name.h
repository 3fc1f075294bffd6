// SPDX-License-Identifier: GPL-2.0-or-later
/* Which file an image's name on the command line means. Nothing here opens it. */
#pragma once

#include <glib.h>

/* The directories where a name is looked for, in order: $IMAGEDIR if that is set, then sbuild's and
 * ours below the user's cache directory. Transfer full. */
char **vq_image_name_get_directories (void);

/* The path of the image NAME: NAME itself if there is a file of that name (relative to the current
 * directory), or if it has a slash in it; else the first of NAME, NAME.img and NAME.qcow2 in the
 * first of DIRECTORIES that has one. A directory is no image, but is given if there is nothing else
 * of that name. Fails with VQ_ERROR_USAGE and one line that says where it was looked for. Transfer
 * full. */
char *vq_image_name_find (const char *name, const char *const *directories, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
