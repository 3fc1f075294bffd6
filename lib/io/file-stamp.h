// SPDX-License-Identifier: GPL-2.0-or-later
/* A stamp that identifies a file and its present contents. */
#pragma once

#include <glib.h>
#include <sys/stat.h>

/* The file's inode and size, and the times of the last change of its contents and of its inode, as
 * exact as the file system has them. Two equal stamps of one path mean the same contents, because
 * nobody can set back the inode's time. There are two exceptions: a crash of the host may lose data
 * that was not on the disk yet, and two writes may fall into one tick of the clock. The device is
 * left out, because its number may be another one after each boot of the host, on btrfs for
 * example. Transfer full. */
char *vq_file_stamp (const struct stat *st);
