// SPDX-License-Identifier: GPL-2.0-or-later
/* The headers of Microsoft's formats: vpc, which is also called VHD ("Virtual Hard Disk Image
 * Format Specification"), and vhdx ([MS-VHDX]). QEMU does not open the files that differencing ones
 * name, and reads wrong contents: they are refused. Used by image-header only. */
#pragma once

#include "image/image-header.h"

/* The types of vpc images, as they are in the file. */
typedef enum
{
  VQ_IMAGE_VHD_NONE = 0, /* it is none */
  VQ_IMAGE_VHD_FIXED = 2,
  VQ_IMAGE_VHD_DYNAMIC = 3,
  VQ_IMAGE_VHD_DIFFERENCING = 4,
} VqImageVhdType;

/* The type in FOOTER, the last 512 bytes of a file. */
VqImageVhdType vq_image_vhd_get_type (const guint8 *footer);

/* Fills HEADER from SOURCE: a vpc image that begins with a copy of its footer, one of fixed size
 * that has a footer only, or a vhdx image. Fails as vq_image_header_read does. */
gboolean vq_image_vhd_read (const VqImageSource *source, VqImageHeader *header, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
gboolean vq_image_vhd_read_fixed (const VqImageSource *source, VqImageHeader *header,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean vq_image_vhd_read_vhdx (const VqImageSource *source, VqImageHeader *header, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
