// SPDX-License-Identifier: GPL-2.0-or-later
/* Starts virt-qemu-ssh, which does everything that needs libssh. It is a program of its own so that
 * the server does not have libssh in its memory, and does not parse what the guest's ssh server
 * sends. Its arguments:
 *
 *   virt-qemu-ssh make-seed DIRECTORY
 *     makes cloud-seed.iso and ssh-key in DIRECTORY (cloud-seed.h), and writes the guest's host
 *     key to stdout, one line
 *   virt-qemu-ssh run FILE IN OUT ERR DEADLINE
 *     runs one command in the guest, on the descriptors IN, OUT and ERR. The open file FILE holds
 *     how to log in (vq_ssh_login_pack), a NUL, and the command (vq_ssh_script_begin); other
 *     processes could read a command line or an environment. Tries to log in until DEADLINE, in
 *     microseconds of CLOCK_MONOTONIC. Writes lines to stdout:
 *       key TYPE BASE64   it has logged in, and this is the guest's host key
 *       exited N          the command has ended with this status, or
 *       signalled N       by this signal
 *     SIGTERM kills the command in the guest and then ends the program
 *
 * If it fails, the last lines of its stderr say why, and its exit status is 1 + the VqErrorCode. */
#pragma once

#include "io/child.h"
#include "ssh/ssh-login.h"

#define VQ_SSH_CLIENT_MAKE_SEED "make-seed"
#define VQ_SSH_CLIENT_RUN "run"
#define VQ_SSH_CLIENT_KEY "key "
#define VQ_SSH_CLIENT_EXITED "exited "
#define VQ_SSH_CLIENT_SIGNALLED "signalled "

/* Makes new keys and a seed with them in DIRECTORY, as vq_cloud_seed_make does. LOGIN, except for
 * its port, is set to log in with them. Returns the path of the image, transfer full, or NULL on
 * failure. Waits for the program to end. */
char *vq_ssh_client_make_seed (const char *directory, VqSshLogin *login, gint64 deadline,
                               VqCancel *cancel, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Starts the program for the command ARGV on FDS (stdin, stdout, stderr). It logs in with LOGIN and
 * writes its lines to REPORT. All descriptors stay the caller's. Does not wait. */
VqChild *vq_ssh_client_run (const VqSshLogin *login, const char *const *argv, const int fds[3],
                            int report, gint64 deadline, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Sets *ERROR to the reason why CHILD, which has ended, failed. Always returns FALSE. */
gboolean vq_ssh_client_fail (VqChild *child, GError **error);
