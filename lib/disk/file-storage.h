// SPDX-License-Identifier: GPL-2.0-or-later
/* Disks in files that are plugged into a running guest. All of a server's guests, one after the
 * other, have a copy of the same empty qcow2 overlay, as making an encrypted one takes seconds. It
 * lies on one of these:
 *
 *   nothing           an empty disk
 *   an image          in any format
 *   a LUKS1 volume    which has a key of its own
 *   base.NAME         an image whose contents were copied into an encrypted disk */
#pragma once

#include "disk/disk.h"
#include "disk/disk-storage.h"

/* For DISK, in files in DIRECTORY. ID is where all names for QEMU begin. STAYS: DIRECTORY is that
 * of an instance. DISK must outlive the result. */
VqDiskStorage *vq_file_storage_new (const VqDisk *disk, const char *directory, const char *id,
                                    gboolean stays);
