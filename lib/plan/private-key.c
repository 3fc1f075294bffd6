// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan/private-key.h"

#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "io/plain-file.h"

#define KEY_MAX 32768 /* bytes; an RSA key of 16384 bits has 13000 */

char *
vq_private_key_read (const char *path, GError **error)
{
  g_autofree char *text = g_malloc0 (KEY_MAX + 1);
  VQ_ERROR_PREFIX (error, "%s", path);
  vq_autofd int fd = vq_plain_file_open (path, KEY_MAX, NULL, error);

  if (fd < 0)
    return NULL;
  if (read (fd, text, KEY_MAX) > 0 && strstr (text, "PRIVATE KEY-----") != NULL)
    return g_steal_pointer (&text);
  vq_error_set (error, VQ_ERROR_USAGE, "it holds no private key%s",
                g_str_has_suffix (path, ".pub") ? ", name the file without .pub" : "");
  return NULL;
}
