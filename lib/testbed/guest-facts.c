// SPDX-License-Identifier: GPL-2.0-or-later
#include "testbed/guest-facts.h"

#include "guest/guest-setup.h"

/* How many seconds each of the two steps may take. */
#define STEP_SECONDS 100

gboolean
vq_guest_facts_make (VqGuestFacts *facts, VqGuest *guest, GError **error)
{
  VqChannel *channel = vq_guest_get_channel (guest);
  VqCancel *cancel = vq_guest_get_cancel (guest);

  g_clear_pointer (&facts->user, g_free);
  return vq_guest_setup_find_user (channel, &facts->user, vq_deadline_in (STEP_SECONDS), cancel,
                                   error)
         && vq_guest_setup_make_scratch (channel, &facts->scratch, vq_deadline_in (STEP_SECONDS),
                                         cancel, error);
}

void
vq_guest_facts_clear (VqGuestFacts *facts)
{
  g_clear_pointer (&facts->scratch, g_free);
  g_clear_pointer (&facts->user, g_free);
}
