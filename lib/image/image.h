// SPDX-License-Identifier: GPL-2.0-or-later
/* A disk image, and everything that calls qemu-img: with limits on its time and memory, because
 * an image is data from somewhere else. The image itself is never written. */
#pragma once

#include <glib.h>

#include "base/wait.h"

typedef struct _VqImage VqImage;

/* What an image is for, which says how strictly it is looked at. */
typedef enum
{
  VQ_IMAGE_BOOT, /* the testbed's first disk: a raw one must have a boot sector */
  VQ_IMAGE_DATA, /* a further, read-only disk: any nonempty file is a raw one */
} VqImageUse;

/* Finds out what PATH is. Fails with a line for the user if it is missing, unreadable, empty, no
 * file or block device, no disk image, or if qemu-img is not there. Waits for qemu-img until
 * DEADLINE at most. CANCEL may be NULL. */
VqImage *vq_image_inspect (const char *path, VqImageUse use, gint64 deadline, VqCancel *cancel,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;
void vq_image_free (VqImage *image);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqImage, vq_image_free)

/* The absolute path; symbolic links are kept. */
const char *vq_image_get_path (const VqImage *image);

/* As QEMU's "format" or "driver" options name it: "qcow2", "raw", "vmdk", ... */
const char *vq_image_get_format (const VqImage *image);

/* The size that a guest sees, in bytes. */
guint64 vq_image_get_virtual_size (const VqImage *image);

/* The name of the file under it, as the image has it, or NULL. */
const char *vq_image_get_backing_file (const VqImage *image);

/* Whether some of its contents are in files besides its own one and the one under it: extents of
 * vmdk, the data file of qcow2. */
gboolean vq_image_has_more_files (const VqImage *image);

/* Fails, with what can be done, if QEMU does not save machines with images of this format. What is
 * under the image is not looked at. */
gboolean vq_image_check_saving (const VqImage *image, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Creates OVERLAY_PATH, which must not exist: a qcow2 image of mode 0600 on top of IMAGE, that
 * holds nothing yet. Leaves no file when it fails. Waits for qemu-img until DEADLINE at most. */
gboolean vq_image_create_overlay (const VqImage *image, const char *overlay_path, gint64 deadline,
                                  VqCancel *cancel, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same on top of DISK, an overlay of IMAGE that need not be there yet under that name. */
gboolean vq_image_create_second_overlay (const VqImage *image, const char *disk,
                                         const char *overlay_path, gint64 deadline,
                                         VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Copies the first SIZE bytes (a multiple of 512) that a guest sees, or less if the disk is
 * smaller, to the new file OUTPUT_PATH, mode 0600. Leaves no file when it fails. Waits for qemu-img
 * until DEADLINE at most. */
gboolean vq_image_copy_start (const VqImage *image, gsize size, const char *output_path,
                              gint64 deadline, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
