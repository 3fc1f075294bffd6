// SPDX-License-Identifier: GPL-2.0-or-later
/* What a machine needs before it starts, so that we get into its guest over ssh. */
#pragma once

#include "plan.h"
#include "ssh-login.h"

/* The text of the private key in the file PATH, which a user has named; VQ_ERROR_USAGE if it cannot
 * be one. Whether a passphrase locks it is only known when it is used. Transfer full. */
char *vq_ssh_access_read_key (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Sets LOGIN, which starts as zeroes, but for its port: where the plan has a cloud seed, new keys
 * are made for it in DIRECTORY, which must be private to us, and *SEED becomes the path of the
 * image to attach (transfer full); else what the options say. If ssh is not wanted at all, LOGIN
 * has no user then, and *SEED is NULL. Waits for a program of ours. */
gboolean vq_ssh_access_prepare (const VqPlan *plan, const char *directory, VqSshLogin *login,
                                char **seed, gint64 deadline, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
