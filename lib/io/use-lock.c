// SPDX-License-Identifier: GPL-2.0-or-later
#include "io/use-lock.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"

gboolean
vq_use_lock_take (int fd, VqUse use, gboolean *taken, GError **error)
{
  struct flock lock = { .l_type = use == VQ_USE_SHARED ? F_RDLCK : F_WRLCK, .l_whence = SEEK_SET };

  *taken = fcntl (fd, F_OFD_SETLK, &lock) == 0;
  if (*taken || errno == EAGAIN || errno == EACCES)
    return TRUE;
  return vq_error_set_errno (error, errno, "cannot lock a file");
}

/* For a moment FD has the lock, too. */
void
vq_use_lock_await (int fd)
{
  struct flock lock = { .l_type = F_RDLCK, .l_whence = SEEK_SET };

  while (fcntl (fd, F_OFD_SETLKW, &lock) != 0 && errno == EINTR)
    ;
  lock.l_type = F_UNLCK;
  fcntl (fd, F_OFD_SETLK, &lock);
}

gboolean
vq_use_lock_is_held (int fd)
{
  struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

  return fcntl (fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}
