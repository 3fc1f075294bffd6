// SPDX-License-Identifier: GPL-2.0-or-later
/* The headers of QEMU's own formats, all of which can name a backing file: qcow and qcow2 (QEMU's
 * docs/interop/qcow2.rst) and qed (docs/interop/qed_spec.rst). Used by image-header only. */
#pragma once

#include "image/image-header.h"

/* Fills HEADER from SOURCE, which begins with the magic of the format. Fails as
 * vq_image_header_read does. */
gboolean vq_image_qcow_read (const VqImageSource *source, VqImageHeader *header, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
gboolean vq_image_qcow_read_qed (const VqImageSource *source, VqImageHeader *header, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
