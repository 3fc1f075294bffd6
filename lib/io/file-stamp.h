// SPDX-License-Identifier: GPL-2.0-or-later
/* What tells a file from every other and from itself before it was last written to. */
#pragma once

#include <glib.h>
#include <sys/stat.h>

/* Device, inode, size, and the times of the last change of the contents and of the inode, all as
 * exact as the file system has them. Two that are equal mean the same contents: the second time
 * cannot be set back by anybody. What they cannot tell is a crash of the host that loses what was
 * not on disk yet, and writes within one tick of the clock. Transfer full. */
char *vq_file_stamp (const struct stat *st);
