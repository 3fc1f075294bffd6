// SPDX-License-Identifier: GPL-2.0-or-later
/* The stdin of a command that runs over ssh, on its way from a descriptor of ours into a channel.
 * Nothing is read before the server has room for it, and little before the connection has. */
#pragma once

#include "ssh/ssh-session.h"

typedef struct _VqSshInput VqSshInput;

/* BEGIN goes first; then what comes from FD, which is taken over; -1 for nothing. */
VqSshInput *vq_ssh_input_new (GBytes *begin, int fd);
void vq_ssh_input_free (VqSshInput *input);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqSshInput, vq_ssh_input_free)

/* Sends what can be sent now into CHANNEL, an open one of SESSION; from then on also whenever FD
 * has something to read, until it is freed or closed. To be called again when the session may have
 * room. */
void vq_ssh_input_push (VqSshInput *input, VqSshSession *session, ssh_channel channel);

/* No more is read from the descriptor: it is at its end. */
void vq_ssh_input_close (VqSshInput *input);

/* Nothing more is sent: CHANNEL is going away. */
void vq_ssh_input_stop (VqSshInput *input);
