// SPDX-License-Identifier: GPL-2.0-or-later
/* The directory in which images are kept that were built or fetched by name. Nothing in it is
 * precious. */
#pragma once

#include "io/private-dir.h"

/* The directory "images" in the cache (vq_path_build_cache); it need not exist. Transfer full. */
char *vq_image_cache_get_directory (void);

/* Opens it, and makes it if it does not exist. Fails if it belongs to another user, or others can
 * write to it. */
VqPrivateDir *vq_image_cache_open (GError **error) G_GNUC_WARN_UNUSED_RESULT;
