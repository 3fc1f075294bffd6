// SPDX-License-Identifier: GPL-2.0-or-later
/* The host's side of the guest's ports: unix sockets in the testbed's private directory. */
#pragma once

#include <glib.h>

#include "base/wait.h"

/* The virtio-serial ports that we use; every architecture has them. The port of the root shell is a
 * console (hvc1). The guest's driver opens consoles by itself, so it tells whether the driver
 * works: not while the guest sleeps, nor until it has booted so far. */
typedef enum
{
  VQ_QEMU_PORT_SHELL,
  VQ_QEMU_PORT_AGENT,
  VQ_QEMU_PORT_HELPER,
  VQ_N_QEMU_PORTS,
} VqQemuPort;

/* The name of the port's socket in the directory, its id in QEMU's events, and its name in the
 * guest (NULL: a console). */
const char *vq_qemu_port_get_socket (VqQemuPort port);
const char *vq_qemu_port_get_id (VqQemuPort port);
const char *vq_qemu_port_get_name (VqQemuPort port);

/* Connects to the socket NAME in DIRECTORY. QEMU listens there before its monitor greets us, so
 * this takes no time, unless another program has been connected for so long that the socket's queue
 * is full. Then it waits for room, at most a few seconds, and fails with VQ_ERROR_TIMEOUT. The
 * descriptor is non-blocking and belongs to the caller; -1 on failure. */
int vq_qemu_port_connect (const char *directory, const char *name, gint64 deadline,
                          VqCancel *cancel, GError **error) G_GNUC_WARN_UNUSED_RESULT;
