// SPDX-License-Identifier: GPL-2.0-or-later
/* Temporary directories and the times of files, for tests. */
#pragma once

#include "io/private-dir.h"

/* Removes PATH with everything below it, or fails the test. Symbolic links are not followed. */
void tree_remove (const char *path);

/* Whether NAME exists in DIR. */
gboolean tree_has (VqPrivateDir *dir, const char *name);

/* Waits some milliseconds until the file system's clock has advanced, so that files that are
 * changed before and after this have different times. */
void tree_await_tick (void);
