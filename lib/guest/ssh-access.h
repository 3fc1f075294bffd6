// SPDX-License-Identifier: GPL-2.0-or-later
/* Prepares what a machine needs before it starts, so that we can log in to its guest over ssh. */
#pragma once

#include "plan/plan.h"
#include "ssh/ssh-login.h"

/* Fills in LOGIN, except its port; LOGIN must be zeroes before. If the plan has a cloud seed, new
 * keys are made in DIRECTORY, which must be private to us, and *SEED is the path of the image to
 * attach (transfer full). Otherwise LOGIN is what the options say, and *SEED is NULL. If ssh is not
 * wanted, LOGIN has no user then. Waits for a program of ours. */
gboolean vq_ssh_access_prepare (const VqPlan *plan, const char *directory, VqSshLogin *login,
                                char **seed, gint64 deadline, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
