// SPDX-License-Identifier: GPL-2.0-or-later
/* The first part of an ssh connection: the exchange of keys, the check of the host key, the login.
 * Driven by its owner; never blocks. */
#pragma once

#include <libssh/libssh.h>

#include "ssh/ssh-login.h"

/* One attempt to get in. */
typedef struct _VqSshAttempt VqSshAttempt;

/* A socket that is being connected to PORT of 127.0.0.1; -1 on failure. */
int vq_ssh_attempt_open_socket (guint16 port, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Prepares SSH, a new libssh session, for LOGIN over the socket FD, which may still be connecting
 * and becomes libssh's. SSH and LOGIN must outlive the result. Fails with VQ_ERROR_USAGE for a key
 * of ours that is none. */
VqSshAttempt *vq_ssh_attempt_new (VqSshLogin *login, ssh_session ssh, int fd, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
void vq_ssh_attempt_free (VqSshAttempt *attempt);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqSshAttempt, vq_ssh_attempt_free)

typedef enum
{
  VQ_SSH_ATTEMPT_WAITS, /* for the socket, as ssh_get_poll_flags says */
  VQ_SSH_ATTEMPT_IN,
  VQ_SSH_ATTEMPT_FAILED, /* with VQ_ERROR_PEER for what another attempt will not change, else with
                          * VQ_ERROR_FAILED */
} VqSshAttemptState;

/* Does what can be done now. */
VqSshAttemptState vq_ssh_attempt_go_on (VqSshAttempt *attempt, GError **error);
