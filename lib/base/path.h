// SPDX-License-Identifier: GPL-2.0-or-later
/* Names of files. What ".." means is for the file system to say, because the directory before it
 * may be a symbolic link: so nothing in a name is shortened here. */
#pragma once

#include <glib.h>

/* Gives the absolute name of what PATH names now; it need not exist. Fails if PATH is relative and
 * the current directory has been removed. Transfer full. */
char *vq_path_make_absolute (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
