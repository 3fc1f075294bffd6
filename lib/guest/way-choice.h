// SPDX-License-Identifier: GPL-2.0-or-later
/* Decides which ways into a guest are tried. */
#pragma once

#include "way/ways.h"
#include "channel/guest-agent.h"
#include "plan/plan.h"
#include "ssh/ssh-login.h"

/* Makes the ways for one boot that PLAN allows. The sockets of QEMU's ports are in DIRECTORY. AGENT
 * is NULL if it must not be used; SSH has no port or no user if ssh must not be used. CONSOLE,
 * AGENT and SSH must outlive the result. From now on the ways are tried. A serial port that another
 * program uses is left out, with a warning, after a wait of a few seconds. */
VqWays *vq_way_choice_new (const VqPlan *plan, const char *directory, VqConsole *console,
                           VqGuestAgent *agent, VqSshLogin *ssh, gint64 deadline, VqCancel *cancel,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;
