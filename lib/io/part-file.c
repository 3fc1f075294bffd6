// SPDX-License-Identifier: GPL-2.0-or-later
#include "io/part-file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"

struct _VqPartFile
{
  char *target;
  char *path; /* NULL: it has its final name */
  int fd;     /* of PATH, which is locked; -1: not open */
};

/* A file that a killed process has left is taken over. One that was removed between open and flock
 * is not the file of that name any more. */
static gboolean
open_part (VqPartFile *self, GError **error)
{
  struct stat ours, named;

  do
    {
      vq_fd_clear (&self->fd);
      self->fd = open (self->path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666);
      if (self->fd < 0)
        return vq_error_set_errno (error, errno, "cannot make %s", self->path);
      if (flock (self->fd, LOCK_EX | LOCK_NB) != 0 || fstat (self->fd, &ours) != 0)
        {
          vq_fd_clear (&self->fd);
          return vq_error_set (error, VQ_ERROR_BUSY, "another process is making %s", self->target);
        }
    }
  while (stat (self->path, &named) != 0 || named.st_ino != ours.st_ino);
  return ftruncate (self->fd, 0) == 0
         || vq_error_set_errno (error, errno, "cannot empty %s", self->path);
}

VqPartFile *
vq_part_file_new (const char *target, GError **error)
{
  g_autoptr (VqPartFile) self = g_new0 (VqPartFile, 1);

  self->target = g_strdup (target);
  self->path = g_strconcat (target, ".virt-qemu.part", NULL);
  self->fd = -1;
  return open_part (self, error) ? g_steal_pointer (&self) : NULL;
}

VqPartFile *
vq_part_file_adopt (const char *path, GError **error)
{
  VqPartFile *self;
  int fd = open (path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);

  if (fd < 0)
    {
      vq_error_set_errno (error, errno, "cannot open %s", path);
      return NULL;
    }
  self = g_new0 (VqPartFile, 1);
  self->target = g_strdup (path);
  self->path = g_strdup (path);
  self->fd = fd;
  return self;
}

void
vq_part_file_free (VqPartFile *self)
{
  if (self == NULL)
    return;
  if (self->path != NULL && self->fd >= 0)
    unlink (self->path);
  vq_fd_clear (&self->fd);
  g_free (self->target);
  g_free (self->path);
  g_free (self);
}

const char *
vq_part_file_get_path (const VqPartFile *self)
{
  return self->path;
}

int
vq_part_file_get_fd (const VqPartFile *self)
{
  return self->fd;
}

static gboolean
sync_directory (const char *path)
{
  g_autofree char *directory = g_path_get_dirname (path);
  vq_autofd int fd = open (directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  return fd >= 0 && fsync (fd) == 0;
}

gboolean
vq_part_file_commit (VqPartFile *self, const char *path, gboolean replace, GError **error)
{
  guint flags = replace ? 0 : RENAME_NOREPLACE;
  const char *name = path != NULL ? path : self->target;

  if (fsync (self->fd) != 0)
    return vq_error_set_errno (error, errno, "cannot write %s", self->path);
  if (renameat2 (AT_FDCWD, self->path, AT_FDCWD, name, flags) != 0
      && (errno != EINVAL || rename (self->path, name) != 0))
    return errno == EEXIST ? vq_error_set (error, VQ_ERROR_EXISTS, "%s exists already", name)
                           : vq_error_set_errno (error, errno, "cannot rename %s", self->path);
  g_clear_pointer (&self->path, g_free);
  return sync_directory (name)
         || vq_error_set_errno (error, errno, "cannot write the directory of %s", name);
}
