// SPDX-License-Identifier: GPL-2.0-or-later
/* Prepares what a machine needs before it starts: the seed for cloud-init in its guest, and what we
 * need to log in over ssh. */
#pragma once

#include "plan/plan.h"
#include "ssh/ssh-login.h"

/* Fills in LOGIN, except its port; LOGIN must be zeroes before. If the guest gets a seed, it is
 * made in DIRECTORY, which must be private to us, unless there is one already, and *SEED is the
 * path of the image to attach (transfer full); else it is NULL. LOGIN is the seed's if the plan has
 * a cloud seed, else what the options say. If ssh is not wanted, LOGIN has no user then. Waits for
 * a program of ours. */
gboolean vq_ssh_access_prepare (const VqPlan *plan, const char *directory, VqSshLogin *login,
                                char **seed, gint64 deadline, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
