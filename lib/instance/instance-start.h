// SPDX-License-Identifier: GPL-2.0-or-later
/* Starts the supervisor of an instance. */
#pragma once

#include "base/cancel.h"
#include "instance/instance-owner.h"
#include "instance/instance.h"
#include "slot/slot.h"

/* The program of which a verb is the supervisor, as vq_programs_find knows it. */
#define VQ_INSTANCE_START_PROGRAM "virt-qemu"

/* The verb that the supervisor's process is started with, and how many arguments it
 * has: the instance's name, five descriptors, and "new" or "old". */
#define VQ_INSTANCE_START_VERB "supervise"
#define VQ_INSTANCE_START_N_ARGUMENTS 7

/* Starts INSTANCE, whose lock we have, and waits until it is ready; there is no limit except those
 * of the machine's boot, and for a slot. The machine runs in SLOT, of which the supervisor gets a
 * copy; NULL: it takes one itself, if the instance's record says so (--slot). If it cannot be
 * started, and IS_NEW, the instance is removed. The supervisor has the lock from then on. The
 * machine ends when OWNER does, or if CANCEL is triggered while we wait. */
gboolean vq_instance_start (VqInstance *instance, gboolean is_new, const VqInstanceOwner *owner,
                            const VqSlot *slot, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* What the supervisor's process does: ARGUMENTS are those after the verb. Returns FALSE if the
 * instance could not be started; who has started it knows why. */
gboolean vq_instance_start_supervise (const char *const *arguments, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
