// SPDX-License-Identifier: GPL-2.0-or-later
/* ssh into the guest. All that knows ssh is in a program of its own, virt-qemu-ssh, so that the
 * server has neither libssh and all that comes with it in its memory, nor a parser for what the
 * guest sends. Its arguments:
 *
 *   virt-qemu-ssh make-seed DIRECTORY
 *     makes cloud-seed.iso and ssh-key in DIRECTORY (cloud-seed.h), and writes the guest's host
 *     key to stdout, one line
 *   virt-qemu-ssh run FILE IN OUT ERR DEADLINE
 *     runs one command in the guest, on the descriptors IN, OUT and ERR. The file that is open as
 *     FILE says how to get in (vq_ssh_login_pack) and, behind a NUL, what the command is
 *     (vq_ssh_script_begin): a command line, or the environment, could be read by others. Tries to
 *     get in until DEADLINE, in microseconds of CLOCK_MONOTONIC. Writes lines to stdout:
 *       key TYPE BASE64   it is in; this is the guest's host key
 *       exited N          the end of the command, or
 *       signalled N
 *     SIGTERM kills the command, and then ends the program
 *
 * When it fails, stderr says why, and its exit status is 1 + the VqErrorCode. */
#pragma once

#include "io/child.h"
#include "ssh/ssh-login.h"

#define VQ_SSH_CLIENT_MAKE_SEED "make-seed"
#define VQ_SSH_CLIENT_RUN "run"
#define VQ_SSH_CLIENT_KEY "key "
#define VQ_SSH_CLIENT_EXITED "exited "
#define VQ_SSH_CLIENT_SIGNALLED "signalled "

/* Makes new keys and the seed for them in DIRECTORY, as vq_cloud_seed_make does: LOGIN, but for its
 * port, is set to what gets in then. Returns the path of the image, transfer full; NULL on failure.
 * Waits for the program to end. */
char *vq_ssh_client_make_seed (const char *directory, VqSshLogin *login, gint64 deadline,
                               VqCancel *cancel, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Starts the program for a command, with LOGIN; it writes its lines to REPORT. The descriptors stay
 * the caller's. Does not wait. */
VqChild *vq_ssh_client_run (const VqSshLogin *login, const char *const *argv, const int fds[3],
                            int report, gint64 deadline, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Sets *ERROR to what CHILD, which has ended, says about it; always FALSE. */
gboolean vq_ssh_client_fail (VqChild *child, GError **error);
