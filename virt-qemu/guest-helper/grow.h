/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Gives the root file system all of a disk that has become larger. */
#pragma once

/* Lets the partition of the file system that is mounted at PATH end where its disk does, and the
 * file system where the partition does. Returns the exit status; what is wrong is on stderr. */
int grow_main (const char *path);
