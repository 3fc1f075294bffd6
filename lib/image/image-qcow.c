// SPDX-License-Identifier: GPL-2.0-or-later
#include "image/image-qcow.h"

#include "base/error.h"

#define QCOW_HEADER 48
#define QCOW2_HEADER 72
#define QCOW3_HEADER 104
#define QED_HEADER 64

/* What QEMU takes. */
#define CLUSTER_BITS_MIN 9
#define CLUSTER_BITS_MAX 21
#define FORMAT_NAME_MAX 15

enum
{
  FEATURE_DIRTY = 1 << 0,
  FEATURE_CORRUPT = 1 << 1,
  FEATURE_DATA_FILE = 1 << 2,
  FEATURE_COMPRESSION_TYPE = 1 << 3,
  FEATURE_EXTENDED_L2 = 1 << 4,
  FEATURES_KNOWN = (1 << 5) - 1,
};

enum
{
  QED_FEATURE_BACKING_FILE = 1 << 0,
  QED_FEATURE_DIRTY = 1 << 1,
  QED_FEATURE_BACKING_IS_RAW = 1 << 2,
  QED_FEATURES_KNOWN = (1 << 3) - 1,
};

#define EXTENSION_END 0
#define EXTENSION_BACKING_FORMAT 0xe2792acau
#define EXTENSION_DATA_FILE 0x44415441u

/* The first cluster of a qcow2 image, or what there is of it. */
typedef struct
{
  const guint8 *bytes;
  gsize n;
} Cluster;

static gboolean
refuse_damaged (GError **error, const char *what)
{
  return vq_error_set (error, VQ_ERROR_USAGE, "its header is damaged: %s", what);
}

static gboolean
check_features (guint64 features, guint64 known, GError **error)
{
  if ((features & ~known) == 0)
    return TRUE;
  return vq_error_set (error, VQ_ERROR_USAGE,
                       "it needs features that are not known here (0x%" G_GINT64_MODIFIER "x)",
                       features & ~known);
}

static gboolean
take_string (const guint8 *bytes, gsize n, gsize max, char **string, GError **error)
{
  if (n > max)
    return refuse_damaged (error, "the name in an extension is too long");
  if (*string != NULL)
    return refuse_damaged (error, "it has an extension twice");
  *string = g_strndup ((const char *)bytes, n);
  return TRUE;
}

/* AT is just behind the header, and END where the name of the backing file begins. */
static gboolean
read_extensions (Cluster cluster, gsize at, gsize end, VqImageHeader *header, GError **error)
{
  while (at < end)
    {
      const guint8 *extension = cluster.bytes + at;
      guint64 type, n;

      if (end - at < 8)
        return refuse_damaged (error, "an extension is cut off");
      type = vq_image_source_be (extension, 4);
      n = vq_image_source_be (extension + 4, 4);
      if (n > end - at - 8)
        return refuse_damaged (error, "an extension is too long");
      if (type == EXTENSION_END)
        return TRUE;
      if (type == EXTENSION_BACKING_FORMAT
          && !take_string (extension + 8, n, FORMAT_NAME_MAX, &header->backing_format, error))
        return FALSE;
      if (type == EXTENSION_DATA_FILE
          && !take_string (extension + 8, n, n, &header->data_file, error))
        return FALSE;
      at += 8 + ((n + 7) & ~G_GUINT64_CONSTANT (7));
    }
  return TRUE;
}

/* FIXED is the part of the header that has always the same size. */
static gboolean
read_variable_part (const VqImageSource *source, const guint8 *fixed, gsize header_size,
                    VqImageHeader *header, GError **error)
{
  gsize n = MIN (header->data_start, source->size);
  guint64 name_at = vq_image_source_be (fixed + 8, 8);
  guint64 name_size = vq_image_source_be (fixed + 16, 4);
  g_autofree guint8 *bytes = g_malloc (n);

  if (header_size > n || name_at > n || (name_at != 0 && name_at < header_size))
    return refuse_damaged (error, "its parts are not all in the first cluster");
  if (name_at != 0 && name_size > n - name_at)
    return refuse_damaged (error, "the name of the backing file is not all in the first cluster");
  return vq_image_source_read (source, 0, bytes, n, error)
         && read_extensions ((Cluster){ bytes, n }, header_size, name_at != 0 ? name_at : n, header,
                             error)
         && (name_at == 0
             || vq_image_source_read_name (source, name_at, name_size, &header->backing_file,
                                           error));
}

static gboolean
take_features (guint64 features, VqImageHeader *header, GError **error)
{
  header->is_dirty = (features & FEATURE_DIRTY) != 0;
  header->is_corrupt = (features & FEATURE_CORRUPT) != 0;
  if ((features & FEATURE_DATA_FILE) != 0 && header->data_file == NULL)
    header->data_file = g_strdup ("");
  return check_features (features, FEATURES_KNOWN, error);
}

static gboolean
read_qcow2 (const VqImageSource *source, gsize fixed_size, VqImageHeader *header, GError **error)
{
  guint8 fixed[QCOW3_HEADER] = { 0 }; /* without the newer fields all of them are 0 */
  gboolean is_new = fixed_size == QCOW3_HEADER;
  guint64 cluster_bits, header_size;

  if (!vq_image_source_read (source, 0, fixed, fixed_size, error))
    return FALSE;
  cluster_bits = vq_image_source_be (fixed + 20, 4);
  header_size = is_new ? vq_image_source_be (fixed + 100, 4) : fixed_size;
  if (cluster_bits < CLUSTER_BITS_MIN || cluster_bits > CLUSTER_BITS_MAX)
    return refuse_damaged (error, "the size of its clusters is out of range");
  if (header_size < fixed_size)
    return refuse_damaged (error, "it is too short");
  header->format = "qcow2";
  header->virtual_size = vq_image_source_be (fixed + 24, 8);
  header->is_encrypted = vq_image_source_be (fixed + 32, 4) != 0;
  header->data_start = G_GUINT64_CONSTANT (1) << cluster_bits;
  return read_variable_part (source, fixed, header_size, header, error)
         && take_features (vq_image_source_be (fixed + 72, 8), header, error);
}

static gboolean
read_qcow (const VqImageSource *source, VqImageHeader *header, GError **error)
{
  guint8 fixed[QCOW_HEADER];
  guint64 name_at;

  if (!vq_image_source_read (source, 0, fixed, sizeof fixed, error))
    return FALSE;
  if (fixed[32] < CLUSTER_BITS_MIN || fixed[32] > CLUSTER_BITS_MAX)
    return refuse_damaged (error, "the size of its clusters is out of range");
  name_at = vq_image_source_be (fixed + 8, 8);
  header->format = "qcow";
  header->virtual_size = vq_image_source_be (fixed + 24, 8);
  header->is_encrypted = vq_image_source_be (fixed + 36, 4) != 0;
  header->data_start = G_GUINT64_CONSTANT (1) << fixed[32];
  return name_at == 0
         || vq_image_source_read_name (source, name_at, vq_image_source_be (fixed + 16, 4),
                                       &header->backing_file, error);
}

gboolean
vq_image_qcow_read (const VqImageSource *source, VqImageHeader *header, GError **error)
{
  guint8 start[8];

  if (!vq_image_source_read (source, 0, start, sizeof start, error))
    return FALSE;
  switch (vq_image_source_be (start + 4, 4))
    {
    case 1:
      return read_qcow (source, header, error);
    case 2:
      return read_qcow2 (source, QCOW2_HEADER, header, error);
    case 3:
      return read_qcow2 (source, QCOW3_HEADER, header, error);
    default:
      return vq_error_set (error, VQ_ERROR_USAGE,
                           "it is a qcow image of a version that is not known here");
    }
}

gboolean
vq_image_qcow_read_qed (const VqImageSource *source, VqImageHeader *header, GError **error)
{
  guint8 fixed[QED_HEADER];
  guint64 features;

  if (!vq_image_source_read (source, 0, fixed, sizeof fixed, error))
    return FALSE;
  features = vq_image_source_le (fixed + 16, 8);
  header->format = "qed";
  header->virtual_size = vq_image_source_le (fixed + 48, 8);
  header->is_dirty = (features & QED_FEATURE_DIRTY) != 0;
  header->data_start = vq_image_source_le (fixed + 4, 4) * vq_image_source_le (fixed + 12, 4);
  if (!check_features (features, QED_FEATURES_KNOWN, error))
    return FALSE;
  if ((features & QED_FEATURE_BACKING_FILE) == 0)
    return TRUE;
  if ((features & QED_FEATURE_BACKING_IS_RAW) != 0)
    header->backing_format = g_strdup ("raw");
  return vq_image_source_read_name (source, vq_image_source_le (fixed + 56, 4),
                                    vq_image_source_le (fixed + 60, 4), &header->backing_file,
                                    error);
}
