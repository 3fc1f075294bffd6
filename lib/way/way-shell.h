// SPDX-License-Identifier: GPL-2.0-or-later
/* The way in through a root shell that waits on a serial port. Nothing tells when the shell starts,
 * so we ask for it every second from the beginning. */
#pragma once

#include "way/way.h"

/* PORT is the name of the socket in DIRECTORY, and of the port in messages: "hvc1". Waits and fails
 * as vq_qemu_port_connect does. */
VqWay *vq_way_shell_new (const char *directory, const char *port, gint64 deadline, VqCancel *cancel,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;
