// SPDX-License-Identifier: GPL-2.0-or-later
/* For tests with files: temporary directories, and times. */
#pragma once

#include "io/private-dir.h"

/* Removes PATH and all below it; fails the test if it cannot. Symbolic links are not followed. */
void tree_remove (const char *path);

/* Whether there is anything called NAME in DIR. */
gboolean tree_has (VqPrivateDir *dir, const char *name);

/* Waits, some milliseconds, until the clock that file systems use goes on: files that are changed
 * before and after it have different times. */
void tree_await_tick (void);
