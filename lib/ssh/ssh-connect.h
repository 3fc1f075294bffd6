// SPDX-License-Identifier: GPL-2.0-or-later
/* Waits for the guest's ssh server and logs in. Blocks, so only virt-qemu-ssh may use it. */
#pragma once

#include <libssh/libssh.h>

#include "ssh/ssh-login.h"

G_DEFINE_AUTO_CLEANUP_FREE_FUNC (ssh_session, ssh_free, NULL)

/* Connects to LOGIN's port on 127.0.0.1 and logs in. Returns the connection; free it with ssh_free.
 * Sets LOGIN's host key if it had none.
 *
 * The guest may still be booting, may not admit users yet, or may have too many connections. So
 * while nobody listens on the port, nobody answers, or the connection is closed before the login is
 * done, it tries again until DEADLINE, and then fails with VQ_ERROR_TIMEOUT and the last reason. It
 * fails at once with VQ_ERROR_PEER if the host key is wrong, or if the server accepts neither key
 * nor password, and with VQ_ERROR_USAGE if a key in LOGIN is bad. Nothing that is done with the
 * connection afterwards has a deadline. */
ssh_session vq_ssh_connect (VqSshLogin *login, gint64 deadline, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
