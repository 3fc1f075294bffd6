// SPDX-License-Identifier: GPL-2.0-or-later
/* A further disk of the guest, once it is known what it begins with. Nobody writes to what a disk
 * begins with: the guest has a qcow2 overlay on it. So a clone, which is made before the guest
 * writes anything to its parent, lies on what its parent lies on. */
#pragma once

#include "base/wait.h"
#include "disk/disk-secret.h"
#include "disk/disk-spec.h"
#include "image/image.h"

typedef struct
{
  const VqDiskSpec *spec; /* of the options */
  VqImage *image;         /* what it lies on; NULL: it begins empty */
  guint64 size;           /* bytes */

  /* Only for encrypted disks. */
  gboolean fills;            /* the image's contents are copied into an encrypted disk, once */
  VqDiskSecret *base_secret; /* the key of that, or of the image; NULL: neither has one */
  VqDiskSecret *secret;      /* of what the guest writes to; NULL: it is not encrypted */
} VqDisk;

void vq_disk_free (VqDisk *disk);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqDisk, vq_disk_free)

/* The disks (VqDisk) that a guest sees of SPECS (vq_disk_spec_complete), in their order: those that
 * are LATE, or the others. ARCH and
 * ALLOWED are those of the boot image: see vq_pull_image_find and vq_image_inspect. SPECS must
 * outlive the result. Waits as long as an image comes or is built. Transfer full. */
GPtrArray *vq_disk_find_all (const GPtrArray *specs, gboolean late, const char *arch,
                             const char *const *allowed, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Fails if one of SPECS begins with an image of an address or of a system, which may be another
 * image tomorrow, or, if IS_KEPT, has a random key, which is gone when the machine has stopped. To
 * be called for an instance. */
gboolean vq_disk_check_lasting (const GPtrArray *specs, gboolean is_kept, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Makes the new file PATH with mode 0600: what the guest writes to DISK. Waits for qemu-img until
 * DEADLINE. If it fails it leaves no file. */
gboolean vq_disk_create (const VqDisk *disk, const char *path, gint64 deadline, VqCancel *cancel,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same on top of BELOW, a file that was made with vq_disk_create and need not exist under that
 * name yet. */
gboolean vq_disk_create_on (const VqDisk *disk, const char *below, const char *path,
                            gint64 deadline, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
