// SPDX-License-Identifier: GPL-2.0-or-later
/* Disks in Ceph that are plugged into a running guest. Each guest gets a new image in the cluster,
 * which is removed when the guest has ended: an empty one, or a clone of one that is there. */
#pragma once

#include "disk/disk-storage.h"
#include "disk/disk.h"

/* For DISK. ID is where all names for QEMU begin. DISK must outlive the result. */
VqDiskStorage *vq_rbd_storage_new (const VqDisk *disk, const char *id);
