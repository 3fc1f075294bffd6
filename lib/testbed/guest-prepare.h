// SPDX-License-Identifier: GPL-2.0-or-later
/* What makes a testbed of a guest that has booted, before it is saved or given to the caller. */
#pragma once

#include <glib.h>

#include "guest/guest.h"
#include "plan/options.h"

/* Sets the time zone and what GRUB wants to know, installs the agent and runs the template scripts
 * as OPTIONS say. May wait for as long as the scripts take. */
gboolean vq_guest_prepare (VqGuest *guest, const VqOptions *options, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
