// SPDX-License-Identifier: GPL-2.0-or-later
/* What makes a testbed of a guest that has booted, before it is saved or given to the caller. */
#pragma once

#include <glib.h>

#include "guest.h"
#include "options.h"

/* Sets the time zone and what GRUB wants to know, installs the agent and runs the template scripts
 * as OPTIONS say. May wait for as long as the scripts take. */
gboolean vq_guest_prepare (VqGuest *guest, const VqOptions *options, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* What is known of a guest. */
typedef struct
{
  char *scratch; /* the path of its scratch directory */
  char *user;    /* the name of its first normal user, or NULL */
} VqGuestFacts;

/* Makes the scratch directory of GUEST, which has been prepared, under the path in FACTS if there
 * is one, and looks for its user: FACTS is filled in. */
gboolean vq_guest_facts_make (VqGuestFacts *facts, VqGuest *guest, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
void vq_guest_facts_clear (VqGuestFacts *facts);
