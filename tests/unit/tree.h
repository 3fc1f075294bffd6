// SPDX-License-Identifier: GPL-2.0-or-later
/* For fixtures with a temporary directory. */
#pragma once

/* Removes PATH and all below it; fails the test if it cannot. Symbolic links are not followed. */
void tree_remove (const char *path);
