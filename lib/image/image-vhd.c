// SPDX-License-Identifier: GPL-2.0-or-later
#include "image/image-vhd.h"

#include <string.h>

#include "base/error.h"

#define SECTOR 512

/* Of the dynamic header: without the name of the parent. */
#define DYNAMIC_HEADER 32

/* The largest disk that cylinders, heads and sectors can express. */
#define GEOMETRY_MAX (G_GUINT64_CONSTANT (65535) * 16 * 255)

/* vhdx: the region table, and the tables in it, each with entries that begin with a GUID. */
#define REGIONS_AT (192 * 1024)
#define REGIONS_HEADER 16
#define METADATA_HEADER 32
#define ENTRY 32
#define ENTRIES_MAX 2047
#define VHDX_HEADERS (1024 * 1024)

#define HAS_PARENT 2 /* a flag of the file parameters */

static const guint8 metadata_region[16] = { 0x06, 0xa2, 0x7c, 0x8b, 0x90, 0x47, 0x9a, 0x4b,
                                            0xb8, 0xfe, 0x57, 0x5f, 0x05, 0x0f, 0x88, 0x6e };
static const guint8 file_parameters[16] = { 0x37, 0x67, 0xa1, 0xca, 0x36, 0xfa, 0x43, 0x4d,
                                            0xb3, 0xb6, 0x33, 0xf0, 0xaa, 0x44, 0xe7, 0x6b };
static const guint8 virtual_disk_size[16] = { 0x24, 0x42, 0xa5, 0x2f, 0x1b, 0xcd, 0x76, 0x48,
                                              0xb2, 0x11, 0x5d, 0xbe, 0xd8, 0x3b, 0xf4, 0xb8 };
static const guint8 parent_locator[16] = { 0x2d, 0x5f, 0xd3, 0xa8, 0x0b, 0xb3, 0x4d, 0x45,
                                           0xab, 0xf7, 0xd3, 0xd8, 0x48, 0x34, 0xab, 0x0c };

static gboolean
refuse_damaged (GError **error, const char *what)
{
  return vq_error_set (error, VQ_ERROR_USAGE, "its header is damaged: %s", what);
}

static gboolean
refuse_differencing (GError **error)
{
  return vq_error_set (error, VQ_ERROR_USAGE,
                       "it is a differencing disk, whose parent QEMU does not open: merge the two "
                       "with the program that made them");
}

VqImageVhdType
vq_image_vhd_get_type (const guint8 *footer)
{
  guint64 type = vq_image_source_be (footer + 60, 4);

  if (memcmp (footer, "conectix", 8) != 0)
    return VQ_IMAGE_VHD_NONE;
  return type >= VQ_IMAGE_VHD_FIXED && type <= VQ_IMAGE_VHD_DIFFERENCING ? type : VQ_IMAGE_VHD_NONE;
}

/* Some programs mean the size in the footer, others that of the geometry, which is smaller. QEMU
 * tells them apart by their names. */
static guint64
get_size (const guint8 *footer)
{
  static const char programs[][5] = { "win ", "qem2", "d2v ", "tap", "CTXS" };
  guint64 sectors = vq_image_source_be (footer + 56, 2) * footer[58] * footer[59];
  gboolean use_footer = sectors == GEOMETRY_MAX;

  for (gsize i = 0; i < G_N_ELEMENTS (programs); i++)
    use_footer = use_footer || memcmp (footer + 28, programs[i], 4) == 0;
  return (use_footer ? vq_image_source_be (footer + 48, 8) / SECTOR : sectors) * SECTOR;
}

gboolean
vq_image_vhd_read (const VqImageSource *source, VqImageHeader *header, GError **error)
{
  guint8 footer[SECTOR], dynamic[DYNAMIC_HEADER];
  VqImageVhdType type;

  if (!vq_image_source_read (source, 0, footer, sizeof footer, error))
    return FALSE;
  type = vq_image_vhd_get_type (footer);
  if (type == VQ_IMAGE_VHD_DIFFERENCING)
    return refuse_differencing (error);
  if (type != VQ_IMAGE_VHD_DYNAMIC)
    return refuse_damaged (error, "only a dynamic disk begins with a footer");
  if (!vq_image_source_read (source, vq_image_source_be (footer + 16, 8), dynamic, sizeof dynamic,
                             error))
    return FALSE;
  if (memcmp (dynamic, "cxsparse", 8) != 0)
    return refuse_damaged (error, "the part for dynamic disks is missing");
  header->format = "vpc";
  header->virtual_size = get_size (footer);
  header->data_start = vq_image_source_be (dynamic + 16, 8); /* the table of blocks */
  return TRUE;
}

gboolean
vq_image_vhd_read_fixed (const VqImageSource *source, VqImageHeader *header, GError **error)
{
  guint8 footer[SECTOR];

  if (!vq_image_source_read (source, source->size - SECTOR, footer, sizeof footer, error))
    return FALSE;
  if (vq_image_vhd_get_type (footer) != VQ_IMAGE_VHD_FIXED)
    return refuse_damaged (error, "the footer is missing");
  header->format = "vpc";
  header->virtual_size = get_size (footer);
  return TRUE;
}

/* A table of vhdx: the entries that follow a header of HEADER_SIZE bytes, in which their number is
 * the N_SIZE bytes at N_AT. */
typedef struct
{
  const char *signature;
  gsize header_size, n_at, n_size;
} Table;

static const Table regions = { "regi", REGIONS_HEADER, 8, 4 };
static const Table metadata = { "metadata", METADATA_HEADER, 10, 2 };

/* Reads the entries of the TABLE at OFFSET; NULL on failure. Transfer full. */
static guint8 *
read_table (const VqImageSource *source, const Table *table, guint64 offset, gsize *n,
            GError **error)
{
  guint8 start[METADATA_HEADER];
  g_autofree guint8 *entries = NULL;

  if (!vq_image_source_read (source, offset, start, table->header_size, error))
    return NULL;
  *n = vq_image_source_le (start + table->n_at, table->n_size);
  if (memcmp (start, table->signature, strlen (table->signature)) != 0 || *n > ENTRIES_MAX)
    {
      refuse_damaged (error, "it has no table of its parts");
      return NULL;
    }
  entries = g_malloc0 (*n * ENTRY + 1);
  if (!vq_image_source_read (source, offset + table->header_size, entries, *n * ENTRY, error))
    return NULL;
  return g_steal_pointer (&entries);
}

/* Takes one item of the metadata: ENTRY is what the table at REGION says of it. */
static gboolean
take_item (const VqImageSource *source, guint64 region, const guint8 *entry, VqImageHeader *header,
           GError **error)
{
  guint64 at = region + vq_image_source_le (entry + 16, 4);
  guint8 value[8];

  if (memcmp (entry, parent_locator, 16) == 0)
    return refuse_differencing (error);
  if (memcmp (entry, file_parameters, 16) == 0)
    return vq_image_source_read (source, at, value, sizeof value, error)
           && ((value[4] & HAS_PARENT) == 0 || refuse_differencing (error));
  if (memcmp (entry, virtual_disk_size, 16) != 0)
    return TRUE;
  if (!vq_image_source_read (source, at, value, sizeof value, error))
    return FALSE;
  header->virtual_size = vq_image_source_le (value, 8);
  return TRUE;
}

static gboolean
read_metadata (const VqImageSource *source, guint64 region, VqImageHeader *header, GError **error)
{
  gsize n;
  g_autofree guint8 *entries = read_table (source, &metadata, region, &n, error);

  if (entries == NULL)
    return FALSE;
  for (gsize i = 0; i < n; i++)
    if (!take_item (source, region, entries + i * ENTRY, header, error))
      return FALSE;
  return TRUE;
}

gboolean
vq_image_vhd_read_vhdx (const VqImageSource *source, VqImageHeader *header, GError **error)
{
  gsize n;
  g_autofree guint8 *entries = read_table (source, &regions, REGIONS_AT, &n, error);

  if (entries == NULL)
    return FALSE;
  header->format = "vhdx";
  header->data_start = VHDX_HEADERS;
  for (gsize i = 0; i < n; i++)
    if (memcmp (entries + i * ENTRY, metadata_region, 16) == 0)
      return read_metadata (source, vq_image_source_le (entries + i * ENTRY + 16, 8), header,
                            error);
  return refuse_damaged (error, "it has no metadata");
}
