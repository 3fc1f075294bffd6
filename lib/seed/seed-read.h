// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads the files that the user has named for cloud-init, and checks them. */
#pragma once

#include "seed/seed-request.h"
#include "seed/seed.h"

/* Reads what REQUEST names, each file once, and merges it; or unpacks what was read before. In what
 * is text for cloud-init, {NAME} becomes the VALUE of a setting; one that is nowhere gets a
 * warning, and a {NAME} without a setting stays. Errors name the option and the file, and the line
 * where it is no YAML; nearly all are VQ_ERROR_USAGE. Reads plain files only, so it does not wait.
 * Transfer full. */
VqSeed *vq_seed_read (const VqSeedRequest *request, GError **error) G_GNUC_WARN_UNUSED_RESULT;
