// SPDX-License-Identifier: GPL-2.0-or-later
/* Prepares a guest that has booted, before it is saved or given to the caller. */
#pragma once

#include <glib.h>

#include "guest/guest.h"
#include "plan/plan.h"

/* Waits for the network, sets the time zone, mounts the disks, answers GRUB's question, installs
 * qemu-guest-agent and runs the template scripts, as PLAN says. Waits as long as the scripts take,
 * up to a limit for each. */
gboolean vq_guest_prepare (VqGuest *guest, const VqPlan *plan, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
