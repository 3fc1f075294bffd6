// SPDX-License-Identifier: GPL-2.0-or-later
#include "instance/instance-seed.h"

#include <errno.h>
#include <fcntl.h>

#include "base/error.h"
#include "base/fd.h"
#include "seed/seed-read.h"

#define FILE_NAME "seed"

/* The largest seed, in bytes. */
#define MAX_BYTES (256 * 1024 * 1024)

gboolean
vq_instance_seed_read (const VqSeedRequest *request, GBytes **seed, GError **error)
{
  g_autoptr (VqSeed) read = NULL;

  *seed = NULL;
  if (vq_seed_request_is_empty (request))
    return TRUE;
  read = vq_seed_read (request, error);
  if (read == NULL)
    return FALSE;
  *seed = vq_seed_pack (read);
  if (g_bytes_get_size (*seed) <= MAX_BYTES)
    return TRUE;
  g_clear_pointer (seed, g_bytes_unref);
  return vq_error_set (error, VQ_ERROR_USAGE, "the files for cloud-init are larger than %d MiB",
                       MAX_BYTES / 1024 / 1024);
}

static gboolean
write_file (VqPrivateDir *dir, GBytes *seed, GError **error)
{
  vq_autofd int fd = vq_private_dir_open_file (dir, FILE_NAME, O_WRONLY | O_CREAT | O_EXCL, error);
  gsize n;
  gconstpointer bytes = g_bytes_get_data (seed, &n);

  return fd >= 0
         && (vq_fd_write_all (fd, bytes, n)
             || vq_error_set_errno (error, errno, "cannot write %s/" FILE_NAME,
                                    vq_private_dir_get_path (dir)));
}

gboolean
vq_instance_seed_keep (VqInstance *instance, GBytes *seed, GError **error)
{
  g_autoptr (GError) why = NULL;

  if (seed == NULL || write_file (vq_instance_get_dir (instance), seed, error))
    return TRUE;
  if (!vq_instance_remove (instance, &why))
    g_warning ("cannot remove the instance: %s", why->message);
  return FALSE;
}

gboolean
vq_instance_seed_load (VqPrivateDir *dir, GBytes **seed, GError **error)
{
  g_autoptr (GError) why = NULL;
  gsize n;
  char *bytes = vq_private_dir_read (dir, FILE_NAME, MAX_BYTES, &n, &why);

  *seed = bytes != NULL ? g_bytes_new_take (bytes, n) : NULL;
  if (bytes != NULL || vq_error_get_code (why) == VQ_ERROR_MISSING)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&why));
  return FALSE;
}
