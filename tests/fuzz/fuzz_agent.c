// SPDX-License-Identifier: GPL-2.0-or-later
/* A guest agent that says what it wants, and then nothing more. */
#include "base/deadline.h"
#include "channel/guest-agent.h"
#include "fuzz.h"

FUZZ (agent)
{
  const char *const argv[] = { "true", NULL };
  g_autoptr (VqGuestAgent) agent = NULL;
  g_autoptr (GError) error = NULL;

  g_random_set_seed (1); /* so that the bytes can have the number that is waited for */
  agent = vq_guest_agent_new (fuzz_socket (bytes, n));
  vq_guest_agent_set_open (agent, TRUE);
  fuzz_assert_told (vq_guest_agent_run (agent, argv, vq_deadline_in (5), NULL, &error), &error);
}
