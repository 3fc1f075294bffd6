// SPDX-License-Identifier: GPL-2.0-or-later
/* Starts virt-qemu-ssh, which does everything that needs libssh. It is a program of its own so that
 * the server does not have libssh in its memory, and does not parse what the guest's ssh server
 * sends. Its arguments:
 *
 *   virt-qemu-ssh make-seed DIRECTORY FILE keys|none
 *     makes a seed for cloud-init in DIRECTORY (cloud-seed.h), with or without keys. The open file
 *     FILE holds the user's part (vq_seed_pack)
 *   virt-qemu-ssh make-host-key PATH [FROM]
 *     makes a host key, or takes the one in the file FROM (host-key.h)
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
#include "seed/seed.h"
#include "ssh/ssh-login.h"

#define VQ_SSH_CLIENT_MAKE_SEED "make-seed"
#define VQ_SSH_CLIENT_KEYS "keys"
#define VQ_SSH_CLIENT_NO_KEYS "none"
#define VQ_SSH_CLIENT_MAKE_HOST_KEY "make-host-key"
#define VQ_SSH_CLIENT_RUN "run"
#define VQ_SSH_CLIENT_KEY "key "
#define VQ_SSH_CLIENT_EXITED "exited "
#define VQ_SSH_CLIENT_SIGNALLED "signalled "

/* Makes a seed in DIRECTORY, as vq_cloud_seed_make does. SEED (may be NULL) is the user's part.
 * Waits for the program to end. */
gboolean vq_ssh_client_make_seed (const char *directory, const VqSeed *seed, gboolean with_keys,
                                  gint64 deadline, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Starts the program that makes the host key PATH, as vq_host_key_make does. FROM may be a
 * descriptor of ours (/dev/fd/3). Does not wait. */
VqChild *vq_ssh_client_start_host_key (const char *path, const char *from, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Starts the program for the command ARGV on FDS (stdin, stdout, stderr). It logs in with LOGIN and
 * writes its lines to REPORT. All descriptors stay the caller's. Does not wait. */
VqChild *vq_ssh_client_run (const VqSshLogin *login, const char *const *argv, const int fds[3],
                            int report, gint64 deadline, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Sets *ERROR to the reason why CHILD, which has ended, failed. Always returns FALSE. */
gboolean vq_ssh_client_fail (VqChild *child, GError **error);
