// SPDX-License-Identifier: GPL-2.0-or-later
/* Which ways into a guest are tried: from options to ways. */
#pragma once

#include "way/ways.h"
#include "channel/guest-agent.h"
#include "plan/plan.h"
#include "ssh/ssh-login.h"

/* The ways for one boot that PLAN allows, with the sockets of QEMU's ports in DIRECTORY. AGENT is
 * NULL if it is not wanted; SSH has no port or no user if that is not. CONSOLE, AGENT and SSH must
 * outlive the result. The guest is knocked at from now on. */
VqWays *vq_way_choice_new (const VqPlan *plan, const char *directory, VqConsole *console,
                           VqGuestAgent *agent, VqSshLogin *ssh, gint64 deadline, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
