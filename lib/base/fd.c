// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/fd.h"

#include <fcntl.h>

#include "base/error.h"

void
vq_fd_clear (int *fd)
{
  int errnum = errno;

  if (*fd >= 0)
    close (*fd);
  *fd = -1;
  errno = errnum;
}

gboolean
vq_fd_write_all (int fd, const void *bytes, gsize n)
{
  const char *rest = bytes;

  while (n > 0)
    {
      gssize written = write (fd, rest, n);

      if (written < 0 && errno != EINTR)
        return FALSE;
      rest += MAX (written, 0);
      n -= MAX (written, 0);
    }
  return TRUE;
}

gboolean
vq_fd_open_pipe (int ends[2], GError **error)
{
  return pipe2 (ends, O_CLOEXEC) == 0 || vq_error_set_errno (error, errno, "cannot make a pipe");
}
