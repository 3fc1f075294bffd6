// SPDX-License-Identifier: GPL-2.0-or-later
/* The headers of formats that have no way to name another file: vdi (VirtualBox), parallels (QEMU's
 * docs/interop/parallels.rst) and luks ("LUKS On-Disk Format Specification", version 1). Used by
 * image-header only. */
#pragma once

#include "image/image-header.h"

/* Fills HEADER from SOURCE, which has the magic of the format. Fails as vq_image_header_read does,
 * and for differencing vdi images: the parent is found by a UUID, and QEMU does not open it. */
gboolean vq_image_single_read_vdi (const VqImageSource *source, VqImageHeader *header,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean vq_image_single_read_parallels (const VqImageSource *source, VqImageHeader *header,
                                         GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean vq_image_single_read_luks (const VqImageSource *source, VqImageHeader *header,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;
