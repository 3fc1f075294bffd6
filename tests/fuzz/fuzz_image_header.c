// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "fuzz.h"
#include "image/image-header.h"

typedef struct
{
  const guint8 *bytes;
  gsize n;
} Image;

static gboolean
read_image (gpointer data, guint64 offset, guint8 *buf, gsize n, GError **error)
{
  const Image *image = data;

  g_assert (offset <= image->n && n <= image->n - offset);
  memcpy (buf, image->bytes + offset, n);
  return TRUE;
}

FUZZ (image_header)
{
  Image image = { bytes, n };
  const VqImageSource source = { read_image, &image, n };
  g_autoptr (GError) error = NULL;
  g_autoptr (VqImageHeader) header = vq_image_header_read (&source, NULL, &error);
  g_autoptr (VqImageHeader) raw = vq_image_header_read (&source, "raw", NULL);

  fuzz_assert_told (header != NULL, &error);
  g_assert (header == NULL || header->format != NULL);
  g_assert (raw == NULL || (raw->backing_file == NULL && raw->data_file == NULL));
}
