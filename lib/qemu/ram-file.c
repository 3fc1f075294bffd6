// SPDX-License-Identifier: GPL-2.0-or-later
#include "qemu/ram-file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"

static off_t
to_bytes (int mib)
{
  return (off_t)mib * 1024 * 1024;
}

gboolean
vq_ram_file_create (const char *path, int mib, GError **error)
{
  vq_autofd int fd = open (path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

  if (fd < 0)
    return vq_error_set_errno (error, errno, "cannot make the memory file %s", path);
  if (ftruncate (fd, to_bytes (mib)) == 0)
    return TRUE;
  vq_error_set_errno (error, errno, "cannot make the memory file %s %d MiB long", path, mib);
  unlink (path);
  return FALSE;
}

gboolean
vq_ram_file_check (const char *path, int mib, GError **error)
{
  struct stat st;

  if (lstat (path, &st) < 0)
    return vq_error_set_errno (error, errno, "cannot use the memory file %s", path);
  if (!S_ISREG (st.st_mode))
    return vq_error_set (error, VQ_ERROR_FAILED, "the memory file %s is not a plain file", path);
  if (st.st_size != to_bytes (mib))
    return vq_error_set (error, VQ_ERROR_FAILED,
                         "the memory file %s has %" G_GINT64_FORMAT " bytes instead of %d MiB",
                         path, (gint64)st.st_size, mib);
  return TRUE;
}
