// SPDX-License-Identifier: GPL-2.0-or-later
/* A disk image that has passed the gate (image/image-gate.h), and what qemu-img does with it.
 * The image itself is never written. */
#pragma once

#include <json-glib/json-glib.h>

#include "base/wait.h"
#include "image/image-gate.h"

typedef struct _VqImage VqImage;

/* What an image is for, which decides how strictly it is checked. */
typedef enum
{
  VQ_IMAGE_BOOT, /* the testbed's first disk; if it is raw, it must have a boot sector */
  VQ_IMAGE_LUKS, /* a LUKS1 volume, for which there is a key */
  VQ_IMAGE_DATA, /* another, read-only disk; any file that is not empty can be a raw one */
} VqImageUse;

/* Checks the image PATH and finds out what it is. ALLOWED (with NULL at the end) are the
 * directories in which it may have backing files, besides its own. Fails with a message for the
 * user if it does not pass the gate, or if qemu-img is not installed. As long as the result exists,
 * nobody removes a file of it that was fetched (image/image-hold.h). Waits for nothing but the
 * disk. */
VqImage *vq_image_inspect (const char *path, VqImageUse use, const char *const *allowed,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;
void vq_image_free (VqImage *image);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqImage, vq_image_free)

/* The same as long as PATH, which is absolute, exists: a disk that lies on IMAGE. */
void vq_image_note_user (const VqImage *image, const char *path);

/* The files that it consists of (VqImageGateFile): the image's own, its backing file, and so on. */
const GPtrArray *vq_image_get_files (const VqImage *image);

/* The size of the disk that overlays of IMAGE are, in bytes. */
guint64 vq_image_get_size (const VqImage *image);

/* Lets all overlays of IMAGE that are made from now on be disks of SIZE bytes. Fails if the image
 * is larger, or no overlay can be so large. */
gboolean vq_image_grow (VqImage *image, guint64 size, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The whole chain of IMAGE for qemu-img's --image-opts. Transfer full. */
char *vq_image_build_options (const VqImage *image);

/* Fails if QEMU cannot save machines with images of this format, or with backing files of theirs;
 * the error says what to do. */
gboolean vq_image_check_saving (const VqImage *image, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Creates OVERLAY_PATH, which must not exist: an empty qcow2 overlay on IMAGE with mode 0600. Does
 * not open IMAGE. If it fails it leaves no file. Waits for qemu-img until DEADLINE. */
gboolean vq_image_create_overlay (const VqImage *image, const char *overlay_path, gint64 deadline,
                                  VqCancel *cancel, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same on top of DISK, which is an overlay on IMAGE and need not exist under that name yet. */
gboolean vq_image_create_second_overlay (const VqImage *image, const char *disk,
                                         const char *overlay_path, gint64 deadline,
                                         VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* The same on top of BELOW, any qcow2 image, which need not exist under that name yet; NULL: an
 * empty image. The disk has SIZE bytes. */
gboolean vq_image_create_qcow2 (const char *below, guint64 size, const char *path, gint64 deadline,
                                VqCancel *cancel, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* *INFO gets what qemu-img says about IMAGE (an object, see qemu-img(1), "info --output=json").
 * Fails if it disagrees with what the gate has found about format and size. Transfer full. Waits
 * for qemu-img until DEADLINE. */
gboolean vq_image_query (const VqImage *image, JsonNode **info, gint64 deadline, VqCancel *cancel,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Copies the first SIZE bytes (a multiple of 512) that a guest sees, or fewer if the disk is
 * smaller, to the new file OUTPUT_PATH with mode 0600. If it fails it leaves no file. Waits for
 * qemu-img until DEADLINE. */
gboolean vq_image_copy_start (const VqImage *image, gsize size, const char *output_path,
                              gint64 deadline, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
