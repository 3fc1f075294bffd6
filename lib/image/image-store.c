// SPDX-License-Identifier: GPL-2.0-or-later
#include "image/image-store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "image/image-cache.h"
#include "image/image-hold.h"
#include "io/child.h"

/* To read the image once more. */
#define DIGEST_SECONDS 600

char *
vq_image_store_find (const VqOsName *os)
{
  g_autofree char *directory = vq_image_cache_get_directory ();
  g_autofree char *file = vq_os_name_get_file (os);
  g_autofree char *path = g_build_filename (directory, file, NULL);
  char *real = realpath (path, NULL);
  char *copy = real != NULL && g_file_test (real, G_FILE_TEST_IS_REGULAR) ? g_strdup (real) : NULL;

  free (real);
  return copy;
}

VqLockFile *
vq_image_store_lock (VqPrivateDir *dir, const VqOsName *os, VqCancel *cancel, GError **error)
{
  g_autofree char *name = vq_os_name_describe (os);
  g_autofree char *file = vq_os_name_get_file (os);
  g_autofree char *lock_name = g_strconcat (file, ".lock", NULL);
  VqLockFile *lock;

  if (!vq_lock_file_try (dir, lock_name, &lock, error) || lock != NULL)
    return lock;
  g_message ("another process is building or updating %s: waiting for it", name);
  return vq_lock_file_wait (dir, lock_name, vq_deadline_in (G_MAXDOUBLE), cancel, error);
}

/* The name under which the cache keeps the file PATH. Transfer full. */
static char *
make_digest_name (const char *path, VqCancel *cancel, GError **error)
{
  const char *const argv[] = { "sha256sum", path, NULL };
  g_autofree char *out = NULL;

  return vq_child_run (argv, NULL, &out, vq_deadline_in (DIGEST_SECONDS), cancel, error)
             ? g_strdup_printf ("sha256-%.64s.qcow2", out)
             : NULL;
}

/* Makes LINK lead to FILE, in place of what it has led to. */
static gboolean
make_link (VqPrivateDir *dir, const char *file, const char *link, GError **error)
{
  g_autofree char *new_link = g_strconcat (link, ".new", NULL);
  int fd = vq_private_dir_get_fd (dir);

  if (unlinkat (fd, new_link, 0) != 0 && errno != ENOENT)
    return vq_error_set_errno (error, errno, "cannot remove %s", new_link);
  return (symlinkat (file, fd, new_link) == 0 && renameat (fd, new_link, fd, link) == 0
          && fsync (fd) == 0)
         || vq_error_set_errno (error, errno, "cannot make %s in %s", link,
                                vq_private_dir_get_path (dir));
}

/* Those who use the image lock the file beside it. */
char *
vq_image_store_keep (VqPrivateDir *dir, const VqOsName *os, VqPartFile *part, VqCancel *cancel,
                     GError **error)
{
  g_autofree char *link = vq_os_name_get_file (os);
  g_autofree char *file = make_digest_name (vq_part_file_get_path (part), cancel, error);
  g_autofree char *path = file != NULL ? vq_private_dir_join (dir, file) : NULL;
  g_autofree char *lock = g_strconcat (file, VQ_IMAGE_HOLD_SUFFIX, NULL);
  vq_autofd int fd
      = file != NULL ? vq_private_dir_open_file (dir, lock, O_RDWR | O_CREAT, error) : -1;

  if (fd < 0)
    return NULL;
  if (fchmod (vq_part_file_get_fd (part), 0400) != 0)
    {
      vq_error_set_errno (error, errno, "cannot protect %s", path);
      return NULL;
    }
  return vq_part_file_commit (part, path, TRUE, error) && make_link (dir, file, link, error)
             ? g_steal_pointer (&path)
             : NULL;
}

void
vq_image_store_remove_old (const char *path)
{
  g_autofree char *lock = g_strconcat (path, VQ_IMAGE_HOLD_SUFFIX, NULL);
  g_autofree char *user = NULL;
  vq_autofd int fd = -1;

  if (!vq_image_hold_take_alone (path, &fd, &user, NULL) || fd < 0)
    return;
  unlink (path);
  unlink (lock);
}
