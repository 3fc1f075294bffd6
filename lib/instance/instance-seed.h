// SPDX-License-Identifier: GPL-2.0-or-later
/* What cloud-init in an instance's guest gets, in a file in the instance's directory. So the files
 * that the user named are needed only once, and can be removed or be on a pipe's other end. */
#pragma once

#include "instance/instance.h"
#include "seed/seed-request.h"

/* Reads what REQUEST names (seed/seed-read.h). *SEED is NULL if that is nothing. Transfer full. */
gboolean vq_instance_seed_read (const VqSeedRequest *request, GBytes **seed, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Gives SEED (may be NULL) to INSTANCE, which is new. If it fails, INSTANCE is removed. */
gboolean vq_instance_seed_keep (VqInstance *instance, GBytes *seed, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* What is in DIR; *SEED is NULL if there is none. Transfer full. */
gboolean vq_instance_seed_load (VqPrivateDir *dir, GBytes **seed, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
