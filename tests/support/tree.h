// SPDX-License-Identifier: GPL-2.0-or-later
/* Temporary directories and the times of files, for tests. */
#pragma once

#include "io/private-dir.h"

/* Removes PATH with everything below it, or fails the test. Symbolic links are not followed. */
void tree_remove (const char *path);

/* Whether NAME exists in DIR. */
gboolean tree_has (VqPrivateDir *dir, const char *name);

/* Mounts a file system of SIZE ("16k") in memory at the directory PATH, for this process only.
 * Returns FALSE if only root may do that. It goes with umount2 (PATH, MNT_DETACH). */
gboolean tree_mount (const char *path, const char *size);

/* Leaves no room on the file system of the directory PATH. */
void tree_fill (const char *path);

/* Waits some milliseconds until the file system's clock has advanced, so that files that are
 * changed before and after this have different times. */
void tree_await_tick (void);
