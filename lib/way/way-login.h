// SPDX-License-Identifier: GPL-2.0-or-later
/* The way in through a login prompt on the console. It is the last way to become ready, because
 * during boot a prompt may come before a better way opens, and each attempt to log in leaves traces
 * in the guest.
 *
 * A system that nobody has configured asks questions before that, at its first boot
 * (systemd-firstboot). These are answered with Enter, which skips them. */
#pragma once

#include "way/way.h"

/* PORT is the name of the socket in DIRECTORY, and of the port in messages: "ttyS0". Logs in as
 * USER (NULL: root) with PASSWORD (NULL: none is known). Both must outlive the result. Waits and
 * fails as vq_qemu_port_connect does. */
VqWay *vq_way_login_new (const char *directory, const char *port, const char *user,
                         const char *password, gint64 deadline, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
