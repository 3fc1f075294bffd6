// SPDX-License-Identifier: GPL-2.0-or-later
/* The facts about a testbed that the caller is told: its scratch directory and its normal user. */
#pragma once

#include <glib.h>

#include "guest/guest.h"

typedef struct
{
  char *scratch; /* the path of the scratch directory */
  char *user;    /* the name of the first normal user, or NULL */
} VqGuestFacts;

/* Makes the scratch directory of GUEST, which must have been prepared, and finds its user; FACTS is
 * filled in. If FACTS has the path of a scratch directory already, the directory gets that path. */
gboolean vq_guest_facts_make (VqGuestFacts *facts, VqGuest *guest, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
void vq_guest_facts_clear (VqGuestFacts *facts);
