// SPDX-License-Identifier: GPL-2.0-or-later
/* ssh into the guest. All that knows ssh is in a program of its own, virt-qemu-ssh, so that the
 * server has neither libssh and all that comes with it in its memory, nor a parser for what the
 * guest sends. Its arguments:
 *
 *   virt-qemu-ssh make-seed DIRECTORY
 *     makes cloud-seed.iso and ssh-key in DIRECTORY (cloud-seed.h), and writes the guest's host
 *     key to stdout, one line
 *   virt-qemu-ssh serve FD SOCKET DEADLINE
 *     reads from the stream socket FD, to its end, how to get in (vq_ssh_login_pack); gets in, and
 *     writes "ready TYPE BASE64", a line with the guest's host key, to FD. From then on it is an
 *     exec server at SOCKET until it is killed. DEADLINE is in microseconds of CLOCK_MONOTONIC
 *
 * When it fails, stderr says why, and its exit status is 1 + the VqErrorCode. */
#pragma once

#include "channel/channel.h"
#include "ssh/ssh-login.h"

#define VQ_SSH_CLIENT_MAKE_SEED "make-seed"
#define VQ_SSH_CLIENT_SERVE "serve"
#define VQ_SSH_CLIENT_READY "ready "

/* Makes new keys and the seed for them in DIRECTORY, as vq_cloud_seed_make does: LOGIN, but for its
 * port, is set to what gets in then. Returns the path of the image, transfer full; NULL on failure.
 * Waits for the program to end. */
char *vq_ssh_client_make_seed (const char *directory, VqSshLogin *login, gint64 deadline,
                               VqCancel *cancel, GError **error) G_GNUC_WARN_UNUSED_RESULT;

typedef struct _VqSshClient VqSshClient;

/* Starts to wait for the guest's ssh server, until DEADLINE at most, to get in with LOGIN; does not
 * wait for that. A socket, "ssh", will be made in DIRECTORY, which must be private to us; only one
 * client may be there at a time. */
VqSshClient *vq_ssh_client_start (const VqSshLogin *login, const char *directory, gint64 deadline,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Whether vq_ssh_client_wait will return at once. A VqWaitCondition. */
gboolean vq_ssh_client_is_settled (gpointer client);

/* Waits until it is in, as vq_ssh_connect does, with the same errors: at DEADLINE VQ_ERROR_TIMEOUT
 * with the last reason, and VQ_ERROR_PEER at once if the server is another one, does not admit us,
 * or cannot run a command as root. It may take a few seconds more for the program to say so. Sets
 * LOGIN's host key if it had none; LOGIN need not outlive the call. To be called once; only then
 * there is a channel. */
gboolean vq_ssh_client_wait (VqSshClient *client, VqSshLogin *login, gint64 deadline,
                             VqCancel *cancel, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The one, and then the other. */
VqSshClient *vq_ssh_client_open (VqSshLogin *login, const char *directory, gint64 deadline,
                                 VqCancel *cancel, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Ends the program, and with it the connection; frees the channel, which drops its commands. Waits
 * only for the kernel. */
void vq_ssh_client_free (VqSshClient *client);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqSshClient, vq_ssh_client_free)

/* The channel, which stays the client's. When the connection to the guest is lost, or the program
 * dies, all its commands fail with the reason, those that come, too: open another client then. */
VqChannel *vq_ssh_client_get_channel (VqSshClient *client);

/* The program's process. */
GPid vq_ssh_client_get_pid (VqSshClient *client);
