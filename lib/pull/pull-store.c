// SPDX-License-Identifier: GPL-2.0-or-later
#include "pull/pull-store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "image/image-gate.h"
#include "pull/fetch.h"
#include "pull/pull-cache.h"

/* How packed files begin. */
static const struct
{
  const char *bytes;
  gsize n;
} packed[] = { { "\x1f\x8b", 2 },
               { "BZh", 3 },
               { "\xfd"
                 "7zXZ\0",
                 6 },
               { "\x28\xb5\x2f\xfd", 4 } };

static gboolean
is_packed (int fd)
{
  char bytes[6] = "";

  if (pread (fd, bytes, sizeof bytes, 0) < 0)
    return FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS (packed); i++)
    if (memcmp (bytes, packed[i].bytes, packed[i].n) == 0)
      return TRUE;
  return FALSE;
}

/* A file that is damaged as the server has it will not become better. */
static void
remove_damaged (const VqPullStore *store, GError *why, GError **error)
{
  if (why->code != VQ_ERROR_FAILED && why->code != VQ_ERROR_PEER)
    {
      g_propagate_error (error, why);
      return;
    }
  vq_pull_cache_remove (store->dir, store->part);
  g_propagate_prefixed_error (error, why, "what has come was removed: ");
}

/* Unpacks the part into the file NAME. */
static gboolean
unpack (const VqPullStore *store, const char *name, VqCancel *cancel, GError **error)
{
  vq_autofd int to = vq_private_dir_open_file (store->dir, name, O_RDWR | O_CREAT | O_TRUNC, error);
  GError *why = NULL;
  struct stat st;

  if (to < 0)
    return FALSE;
  if (fstat (store->fd, &st) != 0)
    return vq_error_set_errno (error, errno, "cannot look at what has come");
  if (vq_fetch_unpack (store->fd, st.st_size, to, store->max_size, store->shown, cancel, &why))
    return TRUE;
  vq_pull_cache_remove (store->dir, name);
  remove_damaged (store, why, error);
  return FALSE;
}

/* The format of the image NAME. What is a raw one must at least be able to boot: a page that says
 * what is wrong with a server would pass as a raw image, too. */
static const char *
find_format (const VqPullStore *store, const char *name, GError **error)
{
  g_autofree char *path = vq_private_dir_join (store->dir, name);
  g_autoptr (GError) why = NULL;
  g_autoptr (GPtrArray) files = vq_image_gate_check (path, NULL, &why);
  const VqImageGateFile *file = files != NULL ? files->pdata[0] : NULL;

  if (file == NULL)
    vq_error_set (error, VQ_ERROR_FAILED, "what has come is no good image, and was removed: %s",
                  why->message);
  else if (files->len > 1)
    vq_error_set (error, VQ_ERROR_FAILED,
                  "what has come is an image with a backing file, and was removed");
  else if (strcmp (file->format, "raw") == 0
           && (file->contents & VQ_IMAGE_CONTENTS_BOOT_SECTOR) == 0)
    vq_error_set (error, VQ_ERROR_FAILED,
                  "what has come is neither a disk image that QEMU knows nor a raw disk with a "
                  "boot sector, and was removed");
  else
    return file->format;
  return NULL;
}

void
vq_pull_store_touch (VqPrivateDir *dir, const char *file)
{
  g_autofree char *name = g_strconcat (file, ".lock", NULL);
  vq_autofd int fd = vq_private_dir_open_file (dir, name, O_RDWR | O_CREAT, NULL);

  if (fd < 0 || futimens (fd, NULL) < 0)
    g_debug ("cannot note the use of %s: %s", file, g_strerror (errno));
}

/* The same image may be there already, from another address: those who use it keep it. */
static gboolean
commit (const VqPullStore *store, const char *name, const char *file, GError **error)
{
  int dir = vq_private_dir_get_fd (store->dir);
  struct stat st;

  if (vq_private_dir_stat (store->dir, file, &st, NULL))
    {
      vq_pull_cache_remove (store->dir, name);
      return TRUE;
    }
  vq_pull_store_touch (store->dir, file);
  if (fchmodat (dir, name, 0400, 0) != 0 || renameat (dir, name, dir, file) != 0
      || fsync (dir) != 0)
    return vq_error_set_errno (error, errno, "cannot name the image %s", file);
  return TRUE;
}

static char *
make_image (const VqPullStore *store, const char *name, GError **error)
{
  const char *format = find_format (store, name, error);
  g_autofree char *file = NULL;

  if (format == NULL)
    {
      vq_pull_cache_remove (store->dir, name);
      vq_pull_cache_remove (store->dir, store->part);
      return NULL;
    }
  file = g_strdup_printf ("sha256-%s.%s", store->sha256, format);
  return commit (store, name, file, error) ? g_steal_pointer (&file) : NULL;
}

char *
vq_pull_store_keep (const VqPullStore *store, const char *unpacked, VqCancel *cancel,
                    GError **error)
{
  char *file;

  if (!is_packed (store->fd))
    return make_image (store, store->part, error);
  if (!unpack (store, unpacked, cancel, error))
    return NULL;
  file = make_image (store, unpacked, error);
  if (file != NULL)
    vq_pull_cache_remove (store->dir, store->part);
  return file;
}
