// SPDX-License-Identifier: GPL-2.0-or-later
/* Replaces the image of a system in the cache by one with newer packages. */
#pragma once

#include "base/wait.h"
#include "image/os-name.h"
#include "plan/options.h"

typedef struct
{
  const VqOptions *machine; /* what the guest is like in which that is done; its image is OS's */
  gboolean autoremove;      /* packages that nobody needs any more go */
} VqImageUpdate;

/* Upgrades a copy of the image of OS in a guest, checks it, and lets the name lead to it. The old
 * one goes unless somebody uses it. Gives the path of the image (transfer full), which is the old
 * one if there was nothing to upgrade. If another process is building or updating it, waits for
 * that, and takes what it has made. What is made meanwhile is in a directory of its own in the
 * cache, which goes even if we are killed.
 *
 * VQ_ERROR_MISSING: the cache has no such image. Waits for a guest's boot, for apt, and for
 * qemu-img. */
char *vq_image_updater_run (const VqOsName *os, const VqImageUpdate *update, VqCancel *cancel,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;
