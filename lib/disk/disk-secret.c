// SPDX-License-Identifier: GPL-2.0-or-later
#include "disk/disk-secret.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/random.h"

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

/* Refuses FIFOs and devices, for which we might have to wait. */
static int
open_file (const char *path, GError **error)
{
  vq_autofd int fd = open (path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  struct stat st;

  if (fd < 0)
    vq_error_set (error, VQ_ERROR_USAGE, "cannot read %s: %s", path, g_strerror (errno));
  else if (fstat (fd, &st) < 0 || !S_ISREG (st.st_mode))
    vq_error_set (error, VQ_ERROR_USAGE, "%s is not a plain file", path);
  else if (st.st_size == 0 || st.st_size > SECRET_MAX)
    vq_error_set (error, VQ_ERROR_USAGE, "%s must have 1 to %d bytes", path, SECRET_MAX);
  else
    return g_steal_fd (&fd);
  return -1;
}

VqDiskSecret *
vq_disk_secret_read (const char *path, GError **error)
{
  g_autoptr (VqDiskSecret) secret = secret_new ();
  vq_autofd int fd = open_file (path, error);
  gssize n = fd >= 0 ? read (fd, secret->text, SECRET_MAX) : -1;

  if (fd < 0)
    return NULL;
  if (n <= 0 || !g_utf8_validate (secret->text, n, NULL))
    {
      vq_error_set (error, VQ_ERROR_USAGE, "%s is not text in UTF-8, and QEMU takes no other keys",
                    path);
      return NULL;
    }
  secret->length = n;
  return g_steal_pointer (&secret);
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
