// SPDX-License-Identifier: GPL-2.0-or-later
/* Waits for the guest's ssh server, and gets in. For virt-qemu-ssh only: it blocks. */
#pragma once

#include <libssh/libssh.h>

#include "ssh/ssh-login.h"

G_DEFINE_AUTO_CLEANUP_FREE_FUNC (ssh_session, ssh_free, NULL)

/* A connection that is logged in, to a port of 127.0.0.1; free it with ssh_free. While nobody
 * listens on the port, nobody answers, or the connection is closed before the login is done (the
 * guest is booting, does not admit users yet, or has too many at once), it tries again until
 * DEADLINE: VQ_ERROR_TIMEOUT, with the last reason. A wrong host key, or a server that admits
 * neither key nor password, fails at once with VQ_ERROR_PEER, a bad key in LOGIN with
 * VQ_ERROR_USAGE. Sets LOGIN's host key if it had none. From then on nothing has a deadline. */
ssh_session vq_ssh_connect (VqSshLogin *login, gint64 deadline, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
