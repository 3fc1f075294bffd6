// SPDX-License-Identifier: GPL-2.0-or-later
/* Boots an image and upgrades the packages in it, so that its disk can become a new image. */
#pragma once

#include <glib.h>

#include "base/wait.h"
#include "plan/plan.h"

/* The name of the disk in the plan's disk_dir. */
#define VQ_GUEST_UPGRADE_DISK "disk"

/* Boots PLAN's image, whose disk_dir must be set, upgrades all packages, trims the file systems and
 * powers the guest off. The result is in the file VQ_GUEST_UPGRADE_DISK in the disk_dir, an overlay
 * on the image. With AUTOREMOVE, packages that nobody needs any more go. *CHANGED: some package is
 * another one now. Tells each step on stderr. An error says what apt has said. Waits for a boot,
 * and at most four hours for apt. */
gboolean vq_guest_upgrade (VqPlan *plan, gboolean autoremove, gboolean *changed, VqCancel *cancel,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;
