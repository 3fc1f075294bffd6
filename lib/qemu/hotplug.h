// SPDX-License-Identifier: GPL-2.0-or-later
/* Disks that come to a running machine and go again, over QMP: a block node, then a device on it;
 * back in the other order, and between them the guest has to let go of the device. */
#pragma once

#include <glib.h>

#include "qemu/qmp.h"
#include "base/wait.h"

/* All strings are the caller's. */
typedef struct
{
  const char *id;     /* of the device; its block node is "ID-disk" */
  const char *path;   /* opened for reading only */
  const char *format; /* QEMU's name for it: "qcow2" */
  const char *device; /* "virtio-blk-pci" */
  const char *bus;    /* NULL: the one that QEMU chooses */
  const char *serial;
} VqHotDisk;

/* Plugs DISK in; the guest finds it some time later. Nothing of it is left behind on failure. Waits
 * for QEMU until DEADLINE. */
gboolean vq_hotplug_add (VqQmp *qmp, const VqHotDisk *disk, gint64 deadline, VqCancel *cancel,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Takes the disk ID out and waits until the guest has let go of it, DEADLINE at most. Uses
 * vq_qmp_watch. */
gboolean vq_hotplug_remove (VqQmp *qmp, const char *id, gint64 deadline, VqCancel *cancel,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;
