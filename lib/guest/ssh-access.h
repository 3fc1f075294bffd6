// SPDX-License-Identifier: GPL-2.0-or-later
/* What a machine needs before it starts, so that we get into its guest over ssh. */
#pragma once

#include "plan/plan.h"
#include "ssh/ssh-login.h"

/* Sets LOGIN, which starts as zeroes, but for its port: where the plan has a cloud seed, new keys
 * are made for it in DIRECTORY, which must be private to us, and *SEED becomes the path of the
 * image to attach (transfer full); else what the options say. If ssh is not wanted at all, LOGIN
 * has no user then, and *SEED is NULL. Waits for a program of ours. */
gboolean vq_ssh_access_prepare (const VqPlan *plan, const char *directory, VqSshLogin *login,
                                char **seed, gint64 deadline, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
