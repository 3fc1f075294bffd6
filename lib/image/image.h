// SPDX-License-Identifier: GPL-2.0-or-later
/* A disk image, and everything that calls qemu-img. qemu-img runs with limits on its time and
 * memory, because an image comes from somebody else. The image itself is never written. */
#pragma once

#include <glib.h>

#include "base/wait.h"

typedef struct _VqImage VqImage;

/* What an image is for, which decides how strictly it is checked. */
typedef enum
{
  VQ_IMAGE_BOOT, /* the testbed's first disk; if it is raw, it must have a boot sector */
  VQ_IMAGE_DATA, /* another, read-only disk; any file that is not empty can be a raw one */
} VqImageUse;

/* Finds out what PATH is. Fails with a message for the user if it is missing, unreadable, empty,
 * neither a file nor a block device, not a disk image, or if qemu-img is not installed. Waits for
 * qemu-img until DEADLINE. CANCEL may be NULL. */
VqImage *vq_image_inspect (const char *path, VqImageUse use, gint64 deadline, VqCancel *cancel,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;
void vq_image_free (VqImage *image);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqImage, vq_image_free)

/* The absolute path; symbolic links are kept. */
const char *vq_image_get_path (const VqImage *image);

/* The format, as in QEMU's options "format" and "driver": "qcow2", "raw", "vmdk", ... */
const char *vq_image_get_format (const VqImage *image);

/* The size that a guest sees, in bytes. */
guint64 vq_image_get_virtual_size (const VqImage *image);

/* The name of its backing file exactly as the image has it, or NULL. */
const char *vq_image_get_backing_file (const VqImage *image);

/* Whether some of its contents are in other files than its own and its backing file: extents of
 * vmdk, or the data file of qcow2. */
gboolean vq_image_has_more_files (const VqImage *image);

/* Fails if QEMU cannot save machines with images of this format; the error says what to do. The
 * backing file is not checked. */
gboolean vq_image_check_saving (const VqImage *image, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Creates OVERLAY_PATH, which must not exist: an empty qcow2 overlay on IMAGE with mode 0600. If it
 * fails it leaves no file. Waits for qemu-img until DEADLINE. */
gboolean vq_image_create_overlay (const VqImage *image, const char *overlay_path, gint64 deadline,
                                  VqCancel *cancel, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same on top of DISK, which is an overlay on IMAGE and need not exist under that name yet. */
gboolean vq_image_create_second_overlay (const VqImage *image, const char *disk,
                                         const char *overlay_path, gint64 deadline,
                                         VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Copies the first SIZE bytes (a multiple of 512) that a guest sees, or fewer if the disk is
 * smaller, to the new file OUTPUT_PATH with mode 0600. If it fails it leaves no file. Waits for
 * qemu-img until DEADLINE. */
gboolean vq_image_copy_start (const VqImage *image, gsize size, const char *output_path,
                              gint64 deadline, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
