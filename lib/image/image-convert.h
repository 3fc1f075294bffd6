// SPDX-License-Identifier: GPL-2.0-or-later
/* Copies a disk image in another format, with qemu-img. */
#pragma once

#include "image/image.h"

typedef struct
{
  const char *format; /* of the copy, as QEMU names it */
  gboolean compress;
  guint64 sparse;   /* so many bytes of zeroes become a hole; 0: qemu-img decides */
  gboolean replace; /* there may be a file of this name already */
  int progress_fd;  /* where qemu-img shows how far it is; -1: nowhere */
} VqImageConvertOptions;

/* Copies IMAGE, which nobody may be writing, to the file PATH. It gets its name when it is
 * complete, has been checked, and is on the disk; until then it is PATH.virt-qemu.part, which goes
 * if this fails. QEMU writes past the host's cache where the file system can do that. Fails with
 * VQ_ERROR_EXISTS if there is such a file, and with VQ_ERROR_BUSY if another process makes it.
 * Waits for qemu-img without a deadline. */
gboolean vq_image_convert (const VqImage *image, const char *path,
                           const VqImageConvertOptions *options, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
