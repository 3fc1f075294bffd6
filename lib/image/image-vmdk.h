// SPDX-License-Identifier: GPL-2.0-or-later
/* The headers of vmdk images (VMware's "Virtual Disk Format"). Only those that have everything in
 * one file are of use: monolithicSparse and streamOptimized, which begin with "KDMV". All others
 * are a text that lists files, the extents. Used by image-header only. */
#pragma once

#include "image/image-header.h"

/* Whether BYTES, the start of a file and a NUL, are such a text, in the eyes of QEMU or of other
 * programs. */
gboolean vq_image_vmdk_is_text (const char *bytes);

/* Fills HEADER from SOURCE, which is such a text, or begins with "KDMV". Fails as
 * vq_image_header_read does. */
gboolean vq_image_vmdk_read_text (const VqImageSource *source, VqImageHeader *header,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean vq_image_vmdk_read (const VqImageSource *source, VqImageHeader *header, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
