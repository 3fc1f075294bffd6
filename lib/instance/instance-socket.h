// SPDX-License-Identifier: GPL-2.0-or-later
/* Where the sockets of a machine that stays are. */
#pragma once

#include <glib.h>

/* The path of the socket SOCKET ("exec") of the running instance NAME. VQ_ERROR_MISSING if there is
 * no such instance, VQ_ERROR_BUSY if it does not run. Transfer full. */
char *vq_instance_socket_find (const char *name, const char *socket, GError **error);
