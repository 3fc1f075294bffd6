// SPDX-License-Identifier: GPL-2.0-or-later
/* Waits for the guest's ssh server, and gets in. */
#pragma once

#include "ssh/ssh-session.h"

/* A session that is logged in. While nobody listens on the port, nobody answers, or the connection
 * is closed before the login is done (the guest is booting, or does not admit users yet), it tries
 * again until DEADLINE: VQ_ERROR_TIMEOUT, with the last reason. A wrong host key, or a server that
 * admits neither key nor password, fails at once with VQ_ERROR_PEER, a bad key in LOGIN with
 * VQ_ERROR_USAGE. LOGIN must outlive the session. */
VqSshSession *vq_ssh_connect (VqSshLogin *login, gint64 deadline, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
