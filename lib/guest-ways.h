// SPDX-License-Identifier: GPL-2.0-or-later
/* Which ways into a guest are tried: from options to entries. */
#pragma once

#include "entries.h"
#include "guest-agent.h"
#include "plan.h"
#include "ssh-login.h"

/* The ways for one boot that PLAN allows, with the sockets of QEMU's ports in DIRECTORY. AGENT is
 * NULL if it is not wanted; SSH has no port or no user if that is not. CONSOLE, AGENT and SSH must
 * outlive the result. The guest is knocked at from now on. */
VqEntries *vq_guest_ways_new (const VqPlan *plan, const char *directory, VqConsole *console,
                              VqGuestAgent *agent, VqSshLogin *ssh, gint64 deadline, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
