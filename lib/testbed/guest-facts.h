// SPDX-License-Identifier: GPL-2.0-or-later
/* What a caller is told about a testbed: its scratch directory and its normal user. */
#pragma once

#include <glib.h>

#include "guest/guest.h"

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
