// SPDX-License-Identifier: GPL-2.0-or-later
/* The bytes of an image file, for the modules that read its header. They come through a function,
 * so that a test can give bytes that are in no file. */
#pragma once

#include <glib.h>

/* Reads just N bytes at OFFSET into BUF. Never asked for bytes that are not in the file. */
typedef gboolean (*VqImageReadFunc) (gpointer data, guint64 offset, guint8 *buf, gsize n,
                                     GError **error);

typedef struct
{
  VqImageReadFunc read;
  gpointer data;
  guint64 size; /* of the file, in bytes */
} VqImageSource;

/* Reads N bytes at OFFSET into BUF. Fails with VQ_ERROR_USAGE if they are not all in the file. */
gboolean vq_image_source_read (const VqImageSource *source, guint64 offset, gpointer buf, gsize n,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Reads a file name of N bytes at OFFSET, up to a NUL if there is one, as QEMU does. *NAME is NULL
 * if it is empty. Fails with VQ_ERROR_USAGE if it is longer than the 1023 bytes that QEMU takes. */
gboolean vq_image_source_read_name (const VqImageSource *source, guint64 offset, guint64 n,
                                    char **name, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The number in the N bytes (up to 8) at BYTES, big- or little-endian. */
guint64 vq_image_source_be (const guint8 *bytes, gsize n);
guint64 vq_image_source_le (const guint8 *bytes, gsize n);
