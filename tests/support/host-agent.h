// SPDX-License-Identifier: GPL-2.0-or-later
/* The real qemu-ga, on this machine and without a guest. Its commands run here, with our rights. */
#pragma once

#include <glib.h>

#include "channel/guest-agent.h"

typedef struct _HostAgent HostAgent;

/* Makes processes that the agent leaves behind our own children, for host_agent_assert_no_orphans.
 * To be called once, in main. */
void host_agent_adopt_orphans (void);

/* Starts qemu-ga in a private directory and connects to it. Fails the test if that takes more than
 * some seconds. The agent's port counts as open. */
HostAgent *host_agent_new (void);

/* Ends qemu-ga, but not its commands, and removes the directory. */
void host_agent_free (HostAgent *host);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (HostAgent, host_agent_free)

VqGuestAgent *host_agent_get (HostAgent *host);
GPid host_agent_get_pid (HostAgent *host);

/* A directory for files that the test makes "in the guest". */
const char *host_agent_get_directory (HostAgent *host);

/* Waits for orphans to end, up to 90 s (a runner whose host does not come ends after 60 s); fails
 * the test if one does not. */
void host_agent_assert_no_orphans (void);
