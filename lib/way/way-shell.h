// SPDX-License-Identifier: GPL-2.0-or-later
/* The way in through a root shell that waits on a serial port. It is asked for each second from the
 * first moment on, as nothing tells when it comes. */
#pragma once

#include "way/way.h"

/* PORT names the socket in DIRECTORY, and the port in messages: "hvc1". */
VqWay *vq_way_shell_new (const char *directory, const char *port, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
