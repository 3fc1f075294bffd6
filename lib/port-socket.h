// SPDX-License-Identifier: GPL-2.0-or-later
/* The sockets in a testbed's private directory through which QEMU offers the guest's ports. */
#pragma once

#include <glib.h>

/* Connects to the socket NAME in DIRECTORY, where QEMU listens before its monitor greets us: does
 * not wait. The descriptor is the caller's; -1 on failure. */
int vq_port_socket_connect (const char *directory, const char *name, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
