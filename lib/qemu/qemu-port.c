// SPDX-License-Identifier: GPL-2.0-or-later
#include "qemu/qemu-port.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "helper/helper-wire.h"

static const struct
{
  const char *socket;
  const char *id;
  const char *name; /* its name in the guest */
} ports[VQ_N_QEMU_PORTS] = {
  [VQ_QEMU_PORT_AGENT] = { "qga", "agent0", "org.qemu.guest_agent.0" },
  [VQ_QEMU_PORT_HELPER] = { "helper", "helper0", VQ_HELPER_PORT_NAME },
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

int
vq_qemu_port_connect (const char *directory, const char *name, GError **error)
{
  g_autofree char *path = g_build_filename (directory, name, NULL);
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  vq_autofd int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_strlcpy (address.sun_path, path, sizeof address.sun_path);
  if (fd >= 0 && connect (fd, (struct sockaddr *)&address, sizeof address) == 0)
    return g_steal_fd (&fd);
  vq_error_set_errno (error, errno, "cannot connect to QEMU's socket %s", path);
  return -1;
}
