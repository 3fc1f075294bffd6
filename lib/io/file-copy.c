// SPDX-License-Identifier: GPL-2.0-or-later
#include "io/file-copy.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"

#define BLOCK 65536

static gboolean
is_zero (const char *block, gsize n)
{
  return block[0] == 0 && memcmp (block, block + 1, n - 1) == 0;
}

static gboolean
write_block (int to, const char *block, gsize n, off_t offset, const char *dest, GError **error)
{
  /* A write to a plain file is short if the disk is full, or at a limit: the next one tells which.
   */
  for (gsize done = 0; done < n;)
    {
      gssize written = pwrite (to, block + done, n - done, offset + (off_t)done);

      if (written < 0)
        return vq_error_set_errno (error, errno, "cannot write %s", dest);
      done += written;
    }
  return TRUE;
}

/* Skips blocks of zeros: the variables of arm64's firmware are 64 MiB, nearly all of them zeros. */
static gboolean
copy_blocks (int from, const char *from_path, int to, const char *dest, GError **error)
{
  char block[BLOCK];
  off_t size = 0;
  gssize n;

  while ((n = read (from, block, sizeof block)) > 0)
    {
      if (!is_zero (block, n) && !write_block (to, block, n, size, dest, error))
        return FALSE;
      size += n;
    }
  if (n < 0)
    return vq_error_set_errno (error, errno, "cannot read %s", from_path);
  if (ftruncate (to, size) < 0)
    return vq_error_set_errno (error, errno, "cannot write %s", dest);
  return TRUE;
}

static gboolean
copy_to_new_file (int from, const char *from_path, const char *dest, GError **error)
{
  vq_autofd int to = open (dest, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

  if (to < 0)
    return vq_error_set_errno (error, errno, "cannot create %s", dest);
  /* Some file systems (NFS, quotas) report a full disk only when the file is closed. */
  if (copy_blocks (from, from_path, to, dest, error)
      && (close (g_steal_fd (&to)) == 0
          || vq_error_set_errno (error, errno, "cannot write %s", dest)))
    return TRUE;
  unlink (dest);
  return FALSE;
}

gboolean
vq_file_copy_over (const char *from_path, const char *dest, GError **error)
{
  vq_autofd int from = open (from_path, O_RDONLY | O_CLOEXEC);
  vq_autofd int to = from >= 0 ? open (dest, O_WRONLY | O_TRUNC | O_CLOEXEC) : -1;

  if (from < 0)
    return vq_error_set_errno (error, errno, "cannot open %s", from_path);
  if (to < 0)
    return vq_error_set_errno (error, errno, "cannot open %s", dest);
  return copy_blocks (from, from_path, to, dest, error);
}

gboolean
vq_file_copy (const char *from_path, const char *dest, GError **error)
{
  vq_autofd int from = open (from_path, O_RDONLY | O_CLOEXEC);

  if (from < 0)
    return vq_error_set_errno (error, errno, "cannot open %s", from_path);
  return copy_to_new_file (from, from_path, dest, error);
}
