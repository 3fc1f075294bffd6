// SPDX-License-Identifier: GPL-2.0-or-later
#include "io/plain-file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"

#define MIB (1024 * 1024)

static gboolean
check (int fd, goffset max, struct stat *st, GError **error)
{
  if (fd < 0 || fstat (fd, st) < 0)
    return vq_error_set (error, errno == ENOENT ? VQ_ERROR_MISSING : VQ_ERROR_USAGE,
                         "cannot read it: %s", g_strerror (errno));
  if (!S_ISREG (st->st_mode))
    return vq_error_set (error, VQ_ERROR_USAGE, "it is not a plain file");
  if (st->st_size <= max)
    return TRUE;
  return max % MIB == 0
             ? vq_error_set (error, VQ_ERROR_USAGE, "it is larger than %d MiB", (int)(max / MIB))
             : vq_error_set (error, VQ_ERROR_USAGE, "it is larger than %d bytes", (int)max);
}

int
vq_plain_file_open (const char *path, goffset max, struct stat *st, GError **error)
{
  vq_autofd int fd = open (path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  struct stat unused;

  return check (fd, max, st != NULL ? st : &unused, error) ? g_steal_fd (&fd) : -1;
}

GBytes *
vq_plain_file_read (const char *path, struct stat *st, GError **error)
{
  vq_autofd int fd = vq_plain_file_open (path, VQ_PLAIN_FILE_MAX, st, error);
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  guint8 block[16384];
  gssize n;

  if (fd < 0)
    return NULL;
  while (bytes->len <= VQ_PLAIN_FILE_MAX && (n = read (fd, block, sizeof block)) != 0)
    {
      if (n < 0)
        return vq_error_set (error, VQ_ERROR_USAGE, "cannot read it: %s", g_strerror (errno)), NULL;
      g_byte_array_append (bytes, block, (guint)n);
    }
  n = bytes->len;
  g_byte_array_append (bytes, (const guint8 *)"", 1); /* so that an empty file has an address */
  return g_bytes_new_take (g_byte_array_free (g_steal_pointer (&bytes), FALSE), n);
}

char *
vq_plain_file_read_text (const char *path, gsize *length, GError **error)
{
  g_autoptr (GBytes) bytes = vq_plain_file_read (path, NULL, error);

  if (bytes == NULL)
    return NULL;
  if (length != NULL)
    *length = g_bytes_get_size (bytes);
  return g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
}
