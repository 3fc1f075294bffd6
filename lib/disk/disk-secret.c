// SPDX-License-Identifier: GPL-2.0-or-later
#include "disk/disk-secret.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/random.h"
#include "io/plain-file.h"

/* Bytes; LUKS itself takes 512 from a terminal. */
#define SECRET_MAX 4096

#define RANDOM_BYTES 32

struct _VqDiskSecret
{
  gatomicrefcount n_users;
  gsize length;
  char text[SECRET_MAX + 1];
};

static VqDiskSecret *
secret_new (void)
{
  VqDiskSecret *secret = g_new0 (VqDiskSecret, 1);

  g_atomic_ref_count_init (&secret->n_users);
  return secret;
}

/* No other copy of it is made. */
static gboolean
read_secret (VqDiskSecret *secret, const char *path, GError **error)
{
  vq_autofd int fd = vq_plain_file_open (path, SECRET_MAX, NULL, error);
  gssize n = fd >= 0 ? read (fd, secret->text, SECRET_MAX) : -1;

  if (fd < 0)
    return FALSE;
  secret->length = MAX (n, 0);
  if (n <= 0)
    return vq_error_set (error, VQ_ERROR_USAGE, n == 0 ? "it is empty" : "it cannot be read");
  return g_utf8_validate (secret->text, n, NULL)
         || vq_error_set (error, VQ_ERROR_USAGE,
                          "it is not text in UTF-8, and QEMU takes no other keys");
}

VqDiskSecret *
vq_disk_secret_read (const char *path, GError **error)
{
  g_autoptr (VqDiskSecret) secret = secret_new ();
  VQ_ERROR_PREFIX (error, "%s", path);

  return read_secret (secret, path, error) ? g_steal_pointer (&secret) : NULL;
}

VqDiskSecret *
vq_disk_secret_new_random (GError **error)
{
  g_autoptr (VqDiskSecret) secret = secret_new ();
  guint8 bytes[RANDOM_BYTES];

  if (!vq_random_fill (bytes, sizeof bytes, error))
    return NULL;
  for (gsize i = 0; i < sizeof bytes; i++)
    g_snprintf (secret->text + 2 * i, 3, "%02x", bytes[i]);
  secret->length = 2 * sizeof bytes;
  explicit_bzero (bytes, sizeof bytes);
  return g_steal_pointer (&secret);
}

VqDiskSecret *
vq_disk_secret_ref (VqDiskSecret *secret)
{
  g_atomic_ref_count_inc (&secret->n_users);
  return secret;
}

void
vq_disk_secret_unref (VqDiskSecret *secret)
{
  if (secret == NULL || !g_atomic_ref_count_dec (&secret->n_users))
    return;
  explicit_bzero (secret->text, sizeof secret->text);
  g_free (secret);
}

int
vq_disk_secret_open (const VqDiskSecret *secret, GError **error)
{
  vq_autofd int fd = memfd_create ("virt-qemu-secret", MFD_CLOEXEC);

  if (fd >= 0 && vq_fd_write_all (fd, secret->text, secret->length))
    return g_steal_fd (&fd);
  vq_error_set_errno (error, errno, "cannot hand over a key");
  return -1;
}
