// SPDX-License-Identifier: GPL-2.0-or-later
/* Makes the disk that cloud-init looks for: a CD image (ISO 9660 with Joliet and Rock Ridge) with
 * the label "cidata". Needs libarchive, so it is used in virt-qemu-ssh only. */
#pragma once

#include "seed/seed.h"

/* Writes the image with the files of SEED, which is complete, to PATH, in place of what is there; a
 * link is replaced, not followed. Its mode is 0600, because there may be keys in it. */
gboolean vq_seed_image_write (const VqSeed *seed, const char *path, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
