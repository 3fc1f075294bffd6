// SPDX-License-Identifier: GPL-2.0-or-later
#include "io/foreign-fd.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/fd.h"

/* Numbers from Linux, Documentation/admin-guide/devices.txt. */
#define MEMORY_MAJOR 1 /* null, zero, full, random, ... */
#define TTYAUX_MAJOR 5 /* tty, console, ptmx */

/* The access mode must be checked, because /proc would let us open the wrong end of a pipe. */
static gboolean
is_open_for (int fd, int access)
{
  int flags = fcntl (fd, F_GETFL);

  if (flags < 0 || (flags & O_PATH) != 0)
    return FALSE;
  return (flags & O_ACCMODE) == O_RDWR || (flags & O_ACCMODE) == access;
}

static gboolean
open_again (VqForeignFd *self, int access)
{
  g_autofree char *link = g_strdup_printf ("/proc/self/fd/%d", self->fd);
  int own = open (link, access | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

  if (own < 0)
    return FALSE;
  close (self->fd);
  self->fd = own;
  return TRUE;
}

/* Opening /dev/ptmx again makes a new terminal, and /dev/tty means another terminal in another
 * session. */
static gboolean
can_be_opened_again (const struct stat *info)
{
  return S_ISFIFO (info->st_mode)
         || (S_ISCHR (info->st_mode) && major (info->st_rdev) != TTYAUX_MAJOR);
}

static VqForeignKind
classify (VqForeignFd *self, int access)
{
  struct stat info;

  if (!is_open_for (self->fd, access) || fstat (self->fd, &info) != 0 || S_ISDIR (info.st_mode))
    return VQ_FOREIGN_UNUSABLE;
  if (S_ISSOCK (info.st_mode))
    return VQ_FOREIGN_SOCKET;
  if (S_ISREG (info.st_mode) || S_ISBLK (info.st_mode)
      || (S_ISCHR (info.st_mode) && major (info.st_rdev) == MEMORY_MAJOR))
    return VQ_FOREIGN_DIRECT;
  self->terminal = isatty (self->fd);
  if ((self->terminal || S_ISFIFO (info.st_mode)) && can_be_opened_again (&info)
      && open_again (self, access))
    return VQ_FOREIGN_OWN;
  return VQ_FOREIGN_SHARED;
}

void
vq_foreign_fd_init (VqForeignFd *self, int fd, int access)
{
  *self = (VqForeignFd){ .fd = fd };
  self->kind = classify (self, access);
}

gboolean
vq_foreign_fd_clear (VqForeignFd *self)
{
  gboolean closed = self->fd < 0 || close (self->fd) == 0;

  self->fd = -1;
  self->kind = VQ_FOREIGN_UNUSABLE;
  return closed;
}

static gboolean
is_ready (int fd, short events)
{
  struct pollfd poll_fd = { .fd = fd, .events = events };

  return poll (&poll_fd, 1, 0) == 1;
}

static gssize
read_or_write (VqForeignFd *self, void *buffer, const void *bytes, gsize len)
{
  gssize n;

  do
    {
      if (self->kind == VQ_FOREIGN_SOCKET && buffer != NULL)
        n = recv (self->fd, buffer, len, MSG_DONTWAIT);
      else if (self->kind == VQ_FOREIGN_SOCKET)
        n = send (self->fd, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL);
      else if (buffer != NULL)
        n = read (self->fd, buffer, len);
      else
        n = write (self->fd, bytes, len);
    }
  while (n < 0 && errno == EINTR);
  return n;
}

/* With SIGTTIN and SIGTTOU blocked, a call from the background fails or succeeds, but never stops
 * the process (POSIX, General Terminal Interface, 11.1.4). */
static gssize
call_terminal (VqForeignFd *self, void *buffer, const void *bytes, gsize len)
{
  sigset_t job_control, before;
  gssize n;
  int saved;

  sigemptyset (&job_control);
  sigaddset (&job_control, SIGTTIN);
  sigaddset (&job_control, SIGTTOU);
  pthread_sigmask (SIG_BLOCK, &job_control, &before);
  n = read_or_write (self, buffer, bytes, len);
  saved = errno;
  pthread_sigmask (SIG_SETMASK, &before, NULL);
  errno = saved;
  return n;
}

static gssize
call (VqForeignFd *self, void *buffer, const void *bytes, gsize len)
{
  if (self->kind == VQ_FOREIGN_UNUSABLE)
    {
      errno = EBADF;
      return -1;
    }
  if (self->kind == VQ_FOREIGN_SHARED)
    {
      if (!is_ready (self->fd, buffer != NULL ? POLLIN : POLLOUT))
        {
          errno = EAGAIN;
          return -1;
        }
      len = MIN (len, PIPE_BUF);
    }
  return self->terminal ? call_terminal (self, buffer, bytes, len)
                        : read_or_write (self, buffer, bytes, len);
}

gssize
vq_foreign_fd_read (VqForeignFd *self, void *buffer, gsize len)
{
  return call (self, buffer, NULL, len);
}

gssize
vq_foreign_fd_write (VqForeignFd *self, const void *bytes, gsize len)
{
  return call (self, NULL, bytes, len);
}

gboolean
vq_foreign_fd_may_have_more (const VqForeignFd *self)
{
  return self->kind != VQ_FOREIGN_UNUSABLE && !self->terminal;
}
