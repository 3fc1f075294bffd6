// SPDX-License-Identifier: GPL-2.0-or-later
#include "image/image-source.h"

#include "base/error.h"

#define NAME_MAX_BYTES 1023

gboolean
vq_image_source_read (const VqImageSource *source, guint64 offset, gpointer buf, gsize n,
                      GError **error)
{
  if (offset > source->size || n > source->size - offset)
    return vq_error_set (error, VQ_ERROR_USAGE,
                         "its header is damaged: it goes on behind the end of the file");
  return source->read (source->data, offset, buf, n, error);
}

gboolean
vq_image_source_read_name (const VqImageSource *source, guint64 offset, guint64 n, char **name,
                           GError **error)
{
  char buf[NAME_MAX_BYTES + 1] = { 0 };

  *name = NULL;
  if (n > NAME_MAX_BYTES)
    return vq_error_set (error, VQ_ERROR_USAGE,
                         "its header is damaged: it has a file name of more than %d bytes",
                         NAME_MAX_BYTES);
  if (!vq_image_source_read (source, offset, buf, n, error))
    return FALSE;
  if (buf[0] != '\0')
    *name = g_strdup (buf);
  return TRUE;
}

guint64
vq_image_source_be (const guint8 *bytes, gsize n)
{
  guint64 value = 0;

  for (gsize i = 0; i < n; i++)
    value = value << 8 | bytes[i];
  return value;
}

guint64
vq_image_source_le (const guint8 *bytes, gsize n)
{
  guint64 value = 0;

  while (n-- > 0)
    value = value << 8 | bytes[n];
  return value;
}
