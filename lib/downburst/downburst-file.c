// SPDX-License-Identifier: GPL-2.0-or-later
#include "downburst/downburst-file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"

#define MAX_BYTES (16 * 1024 * 1024)

static gboolean
check (int fd, GError **error)
{
  struct stat st;

  if (fd < 0 || fstat (fd, &st) < 0)
    return vq_error_set (error, VQ_ERROR_USAGE, "cannot read it: %s", g_strerror (errno));
  if (!S_ISREG (st.st_mode))
    return vq_error_set (error, VQ_ERROR_USAGE, "it is not a plain file");
  return st.st_size <= MAX_BYTES
         || vq_error_set (error, VQ_ERROR_USAGE, "it is larger than %d MiB",
                          MAX_BYTES / 1024 / 1024);
}

GBytes *
vq_downburst_file_read (const char *path, GError **error)
{
  vq_autofd int fd = open (path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  guint8 block[16384];
  gssize n;

  if (!check (fd, error))
    return NULL;
  while (bytes->len <= MAX_BYTES && (n = read (fd, block, sizeof block)) != 0)
    {
      if (n < 0)
        return vq_error_set (error, VQ_ERROR_USAGE, "cannot read it: %s", g_strerror (errno)), NULL;
      g_byte_array_append (bytes, block, (guint)n);
    }
  n = bytes->len;
  g_byte_array_append (bytes, (const guint8 *)"", 1); /* so that an empty file has an address */
  return g_bytes_new_take (g_byte_array_free (g_steal_pointer (&bytes), FALSE), n);
}

static void
add_key (GStrvBuilder *keys, const char *name)
{
  g_autofree char *path = g_build_filename (g_get_home_dir (), ".ssh", name, NULL);
  g_autoptr (GBytes) bytes = vq_downburst_file_read (path, NULL);
  g_autofree char *line = NULL;

  if (bytes == NULL)
    return;
  line = g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  line[strcspn (line, "\r\n")] = '\0';
  if (g_str_has_prefix (line, "ssh-") && g_utf8_validate (line, -1, NULL))
    g_strv_builder_add (keys, line);
  else
    g_warning ("%s is no public key, so the guest does not get it", path);
}

char **
vq_downburst_file_read_keys (void)
{
  g_autoptr (GStrvBuilder) keys = g_strv_builder_new ();

  add_key (keys, "id_rsa.pub");
  add_key (keys, "id_ed25519.pub");
  return g_strv_builder_end (keys);
}
