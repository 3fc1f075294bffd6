// SPDX-License-Identifier: GPL-2.0-or-later
#include "io/unix-socket.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"

static gboolean
fill_address (struct sockaddr_un *address, const char *path, GError **error)
{
  g_autofree char *directory = g_path_get_dirname (path);

  *address = (struct sockaddr_un){ .sun_family = AF_UNIX };
  if (g_strlcpy (address->sun_path, path, sizeof address->sun_path) < sizeof address->sun_path)
    return TRUE;
  return vq_error_set (error, VQ_ERROR_FAILED,
                       "the directory's name is too long to make sockets in it: %s: "
                       "set TMPDIR to a directory with a shorter name",
                       directory);
}

/* The mode is set before the socket gets its name, so that nobody can connect before that. */
int
vq_unix_socket_listen (const char *path, GError **error)
{
  struct sockaddr_un address;
  vq_autofd int fd = -1;

  if (!fill_address (&address, path, error))
    return -1;
  fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd >= 0 && fchmod (fd, 0600) == 0
      && bind (fd, (struct sockaddr *)&address, sizeof address) == 0 && listen (fd, SOMAXCONN) == 0)
    return g_steal_fd (&fd);
  vq_error_set_errno (error, errno, "cannot listen on %s", path);
  return -1;
}

int
vq_unix_socket_connect (const char *path, GError **error)
{
  struct sockaddr_un address;
  vq_autofd int fd = -1;

  if (!fill_address (&address, path, error))
    return -1;
  fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd >= 0 && connect (fd, (struct sockaddr *)&address, sizeof address) == 0)
    return g_steal_fd (&fd);
  if (errno == ENOENT || errno == ECONNREFUSED)
    vq_error_set (error, VQ_ERROR_MISSING, "nobody listens on %s", path);
  else if (errno == EAGAIN)
    vq_error_set (error, VQ_ERROR_BUSY, "too many others wait to be served on %s", path);
  else
    vq_error_set_errno (error, errno, "cannot connect to %s", path);
  return -1;
}

gboolean
vq_unix_socket_peer_is_allowed (int fd)
{
  struct ucred peer;
  socklen_t len = sizeof peer;

  return getsockopt (fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0
         && (peer.uid == 0 || peer.uid == geteuid ());
}
