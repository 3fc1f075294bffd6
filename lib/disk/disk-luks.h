// SPDX-License-Identifier: GPL-2.0-or-later
/* Makes encrypted disks: qcow2 images whose contents are encrypted as in a LUKS1 volume. Such an
 * image can have holes, and the disk in it has exactly the size that was asked for. */
#pragma once

#include "base/wait.h"
#include "disk/disk-secret.h"
#include "disk/rbd-name.h"
#include "image/image.h"

/* Makes the new file PATH with mode 0600: a disk of SIZE bytes with the key SECRET. It is empty, or
 * an overlay on BELOW (NULL: none) of the format FORMAT, which is not opened. If it fails it leaves
 * no file. Waits for qemu-img, which needs some seconds, until DEADLINE. */
gboolean vq_disk_luks_create (const char *path, guint64 size, const VqDiskSecret *secret,
                              const char *below, const char *format, gint64 deadline,
                              VqCancel *cancel, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Fails with VQ_ERROR_USAGE if SECRET, which is that of the file KEY, does not open IMAGE, a LUKS1
 * volume. Waits for qemu-img, which needs some seconds. */
gboolean vq_disk_luks_check_key (const VqImage *image, const VqDiskSecret *secret, const char *key,
                                 VqCancel *cancel, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same for the image NAME in Ceph, which has the format "luks" or "luks2", as QEMU calls them.
 * Fails also if the cluster does not answer, or has no such image. */
gboolean vq_disk_luks_check_key_in_ceph (const VqRbdName *name, const char *format,
                                         const VqDiskSecret *secret, const char *key,
                                         VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Copies the contents of IMAGE to the disk PATH that was made empty by the former. Waits for
 * qemu-img without a deadline. */
gboolean vq_disk_luks_fill (const char *path, const VqDiskSecret *secret, const VqImage *image,
                            VqCancel *cancel, GError **error) G_GNUC_WARN_UNUSED_RESULT;
