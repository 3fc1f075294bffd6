// SPDX-License-Identifier: GPL-2.0-or-later
#include "qemu/qemu-port.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "helper/helper-wire.h"

/* How many seconds to wait for room in a socket's queue, and how many ms between two attempts. */
#define CONNECT_SECONDS 3
#define RETRY_MS 20

static const struct
{
  const char *socket;
  const char *id;
  const char *name; /* its name in the guest; NULL: it is a console */
} ports[VQ_N_QEMU_PORTS] = {
  [VQ_QEMU_PORT_SHELL] = { "hvc1", "vq-shell0", NULL },
  [VQ_QEMU_PORT_AGENT] = { "qga", "vq-agent0", "org.qemu.guest_agent.0" },
  [VQ_QEMU_PORT_HELPER] = { "helper", "vq-helper0", VQ_HELPER_PORT_NAME },
};

const char *
vq_qemu_port_get_socket (VqQemuPort port)
{
  return ports[port].socket;
}

const char *
vq_qemu_port_get_id (VqQemuPort port)
{
  return ports[port].id;
}

const char *
vq_qemu_port_get_name (VqQemuPort port)
{
  return ports[port].name;
}

/* QEMU serves one connection to a port at a time, and takes the next one from the queue only when
 * that ends. With a full queue, connect (2) would wait for as long as the other program likes.
 * Nothing tells when there is room again, so we try again and again. */
static gboolean
connect_soon (int fd, const struct sockaddr_un *address, gint64 deadline, VqCancel *cancel,
              GError **error)
{
  while (connect (fd, (const struct sockaddr *)address, sizeof *address) != 0)
    {
      if (errno != EAGAIN)
        return vq_error_set_errno (error, errno, "cannot connect to QEMU's socket %s",
                                   address->sun_path);
      if (vq_deadline_left (deadline) <= 0)
        return vq_error_set (error, VQ_ERROR_TIMEOUT,
                             "QEMU's socket %s is in use: end the other program (socat?) that is "
                             "connected to it",
                             address->sun_path);
      if (!vq_wait_pause (RETRY_MS, cancel, error))
        return FALSE;
    }
  return TRUE;
}

int
vq_qemu_port_connect (const char *directory, const char *name, gint64 deadline, VqCancel *cancel,
                      GError **error)
{
  g_autofree char *path = g_build_filename (directory, name, NULL);
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  vq_autofd int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  gint64 soon = MIN (deadline, vq_deadline_in (CONNECT_SECONDS));

  g_strlcpy (address.sun_path, path, sizeof address.sun_path);
  if (fd < 0)
    vq_error_set_errno (error, errno, "cannot make a socket");
  else if (connect_soon (fd, &address, soon, cancel, error))
    return g_steal_fd (&fd);
  return -1;
}
