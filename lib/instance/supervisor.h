// SPDX-License-Identifier: GPL-2.0-or-later
/* The process behind an instance that runs: a testbed whose caller is a socket (control-wire.h).
 * Requests that change the machine are done one after the other; commands in the guest have a
 * socket of their own ("exec") and are not kept up by them. The process ends when the guest powers
 * itself off, when it is told to stop, when its lease runs out, or by a signal. */
#pragma once

#include "instance/instance-owner.h"
#include "instance/instance.h"
#include "slot/slot.h"

/* The file in the instance's directory in which the supervisor says something when nobody waits for
 * it any more. */
#define VQ_SUPERVISOR_LOG "supervisor.log"

/* Runs INSTANCE, whose lock we have, until it ends. Its machine runs in SLOT, which is taken over;
 * NULL: in none, or in one that it takes, as the instance's record says. When it is ready, writes
 * "ok" to REPORT_FD and closes that; if it cannot be started, writes the error instead
 * (control-wire.h), and removes the instance if it IS_NEW. If nobody reads REPORT_FD any more
 * before it is ready, it ends, and so it does at once when OWNER, which is taken over, ends.
 * Returns FALSE if it could not be started. */
gboolean vq_supervisor_run (VqInstance *instance, gboolean is_new, VqInstanceOwner *owner,
                            VqSlot *slot, int report_fd);
