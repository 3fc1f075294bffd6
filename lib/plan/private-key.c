// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan/private-key.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"

#define KEY_MAX 32768 /* bytes; an RSA key of 16384 bits has 13000 */

/* Refuses FIFOs and devices, for which we might have to wait. */
static int
open_file (const char *path, GError **error)
{
  vq_autofd int fd = open (path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  struct stat st;

  if (fd < 0)
    vq_error_set (error, VQ_ERROR_USAGE, "cannot read %s: %s", path, g_strerror (errno));
  else if (fstat (fd, &st) < 0 || !S_ISREG (st.st_mode) || st.st_size > KEY_MAX)
    vq_error_set (error, VQ_ERROR_USAGE, "%s is not a file with a private key", path);
  else
    return g_steal_fd (&fd);
  return -1;
}

char *
vq_private_key_read (const char *path, GError **error)
{
  g_autofree char *text = g_malloc0 (KEY_MAX + 1);
  vq_autofd int fd = open_file (path, error);
  gssize n;

  if (fd < 0)
    return NULL;
  n = read (fd, text, KEY_MAX);
  if (n > 0 && strstr (text, "PRIVATE KEY-----") != NULL)
    return g_steal_pointer (&text);
  vq_error_set (error, VQ_ERROR_USAGE, "%s holds no private key%s", path,
                g_str_has_suffix (path, ".pub") ? ", name the file without .pub" : "");
  return NULL;
}
