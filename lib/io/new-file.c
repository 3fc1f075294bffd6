// SPDX-License-Identifier: GPL-2.0-or-later
#include "io/new-file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"

#define TRIES 100 /* how many temporary names are tried */

struct _VqNewFile
{
  char *path;      /* as the user wrote it */
  char *base;      /* its name in the directory */
  char *temporary; /* its name before it is complete; NULL for a device, and once it is complete */
  int dir;         /* owned; everything is done relative to it */
  int fd;          /* owned; -1: closed */
  gboolean has_mode;
  mode_t mode; /* the mode of the existing file */
};

/* Looks at what exists under the name now. */
static gboolean
look (VqNewFile *file, gboolean *is_device, GError **error)
{
  struct stat st, target;

  if (fstatat (file->dir, file->base, &st, AT_SYMLINK_NOFOLLOW) != 0)
    return errno == ENOENT || vq_error_set_errno (error, errno, "cannot open %s", file->path);
  *is_device = S_ISCHR (st.st_mode);
  file->has_mode = S_ISREG (st.st_mode) && st.st_uid == geteuid ();
  file->mode = st.st_mode & 0777;
  if (S_ISLNK (st.st_mode))
    st.st_mode = fstatat (file->dir, file->base, &target, 0) == 0 ? target.st_mode : S_IFREG;
  if (S_ISREG (st.st_mode) || *is_device)
    return TRUE;
  return vq_error_set (error, VQ_ERROR_FAILED, "%s is %s", file->path,
                       S_ISDIR (st.st_mode) ? "a directory" : "not a plain file");
}

/* The device may have been replaced since we looked at it. */
static gboolean
open_device (VqNewFile *file, GError **error)
{
  struct stat st;

  file->fd
      = openat (file->dir, file->base, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (file->fd < 0 || fstat (file->fd, &st) != 0)
    return vq_error_set_errno (error, errno, "cannot open %s", file->path);
  return S_ISCHR (st.st_mode)
         || vq_error_set (error, VQ_ERROR_FAILED, "%s is not a plain file", file->path);
}

static gboolean
open_temporary (VqNewFile *file, GError **error)
{
  const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;

  /* The temporary name does not contain the file's name, which may already have the maximum
   * length. */
  for (int i = 0; i < TRIES && file->fd < 0; i++)
    {
      g_free (file->temporary);
      file->temporary = g_strdup_printf (".virt-qemu-%08x", g_random_int ());
      file->fd = openat (file->dir, file->temporary, flags, 0666);
      if (file->fd < 0 && errno != EEXIST)
        break;
    }
  if (file->fd >= 0)
    return TRUE;
  g_clear_pointer (&file->temporary, g_free);
  return vq_error_set_errno (error, errno, "cannot make a file in the directory of %s", file->path);
}

VqNewFile *
vq_new_file_open (const char *path, GError **error)
{
  g_autoptr (VqNewFile) file = g_new0 (VqNewFile, 1);
  g_autofree char *directory = g_path_get_dirname (path);
  gboolean is_device = FALSE;

  file->path = g_strdup (path);
  file->base = g_path_get_basename (path);
  file->fd = -1;
  file->dir = open (directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (file->dir < 0)
    return vq_error_set_errno (error, errno, "cannot open %s", path), NULL;
  if (!look (file, &is_device, error)
      || !(is_device ? open_device (file, error) : open_temporary (file, error)))
    return NULL;
  return g_steal_pointer (&file);
}

int
vq_new_file_get_fd (VqNewFile *file)
{
  return file->fd;
}

gboolean
vq_new_file_commit (VqNewFile *file, GError **error)
{
  /* Some file systems (NFS, quotas) report a full disk only when the file is closed. */
  if ((file->has_mode && fchmod (file->fd, file->mode) != 0) || close (g_steal_fd (&file->fd)) != 0
      || (file->temporary != NULL
          && renameat (file->dir, file->temporary, file->dir, file->base) != 0))
    return vq_error_set_errno (error, errno, "cannot write %s", file->path);
  g_clear_pointer (&file->temporary, g_free);
  return TRUE;
}

void
vq_new_file_free (VqNewFile *file)
{
  if (file == NULL)
    return;
  vq_fd_clear (&file->fd);
  if (file->temporary != NULL)
    unlinkat (file->dir, file->temporary, 0);
  vq_fd_clear (&file->dir);
  g_free (file->temporary);
  g_free (file->base);
  g_free (file->path);
  g_free (file);
}

gboolean
vq_new_file_write (const char *path, mode_t mode, const char *bytes, gsize n, GError **error)
{
  g_autoptr (VqNewFile) file = vq_new_file_open (path, error);

  if (file == NULL)
    return FALSE;
  if (mode != 0)
    {
      file->has_mode = TRUE;
      file->mode = mode;
    }
  if (!vq_fd_write_all (file->fd, bytes, n))
    return vq_error_set_errno (error, errno, "cannot write %s", path);
  return vq_new_file_commit (file, error);
}
