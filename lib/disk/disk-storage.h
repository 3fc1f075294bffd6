// SPDX-License-Identifier: GPL-2.0-or-later
/* What a disk that is plugged into a running guest is stored in. There is one implementation for
 * files (file-storage.h) and one for Ceph (rbd-storage.h); each tells QEMU about its disk in its
 * own words. */
#pragma once

#include "base/wait.h"
#include "disk/disk-nodes.h"

typedef struct _VqDiskStorage VqDiskStorage;

typedef struct
{
  /* Removes the disk of an earlier guest, which has ended; NULL: renew does. A disk is discarded
   * before those that it was cloned from. */
  void (*discard) (VqDiskStorage *storage);

  /* Makes a new disk for a guest, in place of that of an earlier guest, which has ended. Whatever
   * all guests' disks lie on is made the first time. */
  gboolean (*renew) (VqDiskStorage *storage, VqCancel *cancel, GError **error);

  /* Takes the disk that an earlier guest of an instance has left. */
  gboolean (*take) (VqDiskStorage *storage, GError **error);

  /* Tells of the disk. */
  VqDiskNodes *(*describe) (VqDiskStorage *storage, GError **error);

  /* Removes what does not stay. */
  void (*free) (VqDiskStorage *storage);
} VqDiskStorageClass;

struct _VqDiskStorage
{
  const VqDiskStorageClass *class;
};
