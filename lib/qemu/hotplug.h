// SPDX-License-Identifier: GPL-2.0-or-later
/* Adds disks to a running machine and removes them, over QMP. */
#pragma once

#include <glib.h>

#include "disk/disk-nodes.h"
#include "qemu/qmp.h"
#include "base/wait.h"

/* All strings belong to the caller. */
typedef struct
{
  const char *id;     /* the device's id */
  const char *node;   /* the name of a block node that QEMU has for reading only */
  const char *device; /* "virtio-blk-pci" */
  const char *bus;    /* NULL: QEMU chooses one */
  const char *serial;
  gboolean write_through; /* the guest's writes are on the disk when they end */
} VqHotDisk;

/* Tells QEMU of the keys and nodes of NODES, so that nodes->top can be a disk's node. Keys go
 * through descriptors, so QMP shows none. Waits for QEMU until DEADLINE. */
gboolean vq_hotplug_add_nodes (VqQmp *qmp, const VqDiskNodes *nodes, gint64 deadline,
                               VqCancel *cancel, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Plugs DISK in; the guest finds it some time later. If this fails, nothing is left behind. Waits
 * for QEMU until DEADLINE. */
gboolean vq_hotplug_add (VqQmp *qmp, const VqHotDisk *disk, gint64 deadline, VqCancel *cancel,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Removes the disk ID, and waits until the guest has released it, or until DEADLINE. Uses
 * vq_qmp_watch. */
gboolean vq_hotplug_remove (VqQmp *qmp, const char *id, gint64 deadline, VqCancel *cancel,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;
