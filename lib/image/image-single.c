// SPDX-License-Identifier: GPL-2.0-or-later
#include "image/image-single.h"

#include <string.h>

#include "base/error.h"

#define SECTOR 512

#define VDI_HEADER 456
#define VDI_VERSION 0x00010001
#define VDI_DYNAMIC 1
#define VDI_STATIC 2

#define PARALLELS_HEADER 64
#define PARALLELS_VERSION 2

#define LUKS_HEADER 112

gboolean
vq_image_single_read_vdi (const VqImageSource *source, VqImageHeader *header, GError **error)
{
  static const guint8 none[32];
  guint8 fixed[VDI_HEADER];
  guint64 type;

  if (!vq_image_source_read (source, 0, fixed, sizeof fixed, error))
    return FALSE;
  type = vq_image_source_le (fixed + 76, 4);
  if (vq_image_source_le (fixed + 68, 4) != VDI_VERSION)
    return vq_error_set (error, VQ_ERROR_USAGE,
                         "it is a vdi image of a version that is not known here");
  /* The UUIDs of the image that it belongs to, and of its parent. */
  if ((type != VDI_DYNAMIC && type != VDI_STATIC) || memcmp (fixed + 424, none, 32) != 0)
    return vq_error_set (error, VQ_ERROR_USAGE,
                         "it is a differencing vdi image, whose parent QEMU does not open");
  header->format = "vdi";
  header->virtual_size = vq_image_source_le (fixed + 368, 8);
  header->data_start = vq_image_source_le (fixed + 344, 4);
  return TRUE;
}

gboolean
vq_image_single_read_parallels (const VqImageSource *source, VqImageHeader *header, GError **error)
{
  guint8 fixed[PARALLELS_HEADER];
  gboolean is_old;

  if (!vq_image_source_read (source, 0, fixed, sizeof fixed, error))
    return FALSE;
  if (vq_image_source_le (fixed + 16, 4) != PARALLELS_VERSION)
    return vq_error_set (error, VQ_ERROR_USAGE,
                         "it is a parallels image of a version that is not known here");
  is_old = memcmp (fixed, "WithoutFreeSpace", 16) == 0;
  header->format = "parallels";
  header->virtual_size = vq_image_source_le (fixed + 36, is_old ? 4 : 8) * SECTOR;
  header->data_start = PARALLELS_HEADER + 4 * vq_image_source_le (fixed + 32, 4);
  return TRUE;
}

gboolean
vq_image_single_read_luks (const VqImageSource *source, VqImageHeader *header, GError **error)
{
  guint8 fixed[LUKS_HEADER];

  if (!vq_image_source_read (source, 0, fixed, sizeof fixed, error))
    return FALSE;
  header->format = "luks";
  header->is_encrypted = TRUE;
  header->data_start = vq_image_source_be (fixed + 104, 4) * SECTOR;
  if (header->data_start > source->size)
    return vq_error_set (error, VQ_ERROR_USAGE, "it is cut off: its contents are missing");
  header->virtual_size = source->size - header->data_start;
  return TRUE;
}
