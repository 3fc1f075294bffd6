// SPDX-License-Identifier: GPL-2.0-or-later
/* Makes a seed for cloud-init (seed/seed.h). If there is no other way in, it also lets root log in
 * with a key that was made for this testbed, and sets the guest's host key, so that we can check
 * that we talk to this guest. */
#pragma once

#include <glib.h>

#include "seed/seed.h"

/* Makes the files of a seed in DIRECTORY, which must be private to us: VQ_SEED_IMAGE, and, if it
 * has to let us in (WITH_KEYS), VQ_SEED_LOGIN_KEY, which people can use with ssh -i, and
 * VQ_SEED_HOST_KEY. All have mode 0600 and replace existing files.
 *
 * SEED is what the user wants in it, and is completed. Our part comes last in it and adds to lists
 * and mappings, but replaces nothing. So all that the user has set holds: where that may be the
 * guest's host keys, there is no VQ_SEED_HOST_KEY. Without the user's own data, cloud-init is also
 * kept from changing more than that in the guest. Does not wait. */
gboolean vq_cloud_seed_make (const char *directory, VqSeed *seed, gboolean with_keys,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;
