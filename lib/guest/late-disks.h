// SPDX-License-Identifier: GPL-2.0-or-later
/* The plan's late disks: those that are plugged into a guest when it runs, after each boot and each
 * fork. One object serves all guests of a testbed, one after the other. */
#pragma once

#include "guest/guest.h"
#include "plan/plan.h"

typedef struct _VqLateDisks VqLateDisks;

/* Makes nothing yet. PLAN must outlive the result. */
VqLateDisks *vq_late_disks_new (const VqPlan *plan);

/* Removes the files that do not stay. NULL is allowed. */
void vq_late_disks_free (VqLateDisks *late);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqLateDisks, vq_late_disks_free)

/* Makes the disks of the next guest. To be called before it boots, because much can go wrong here,
 * and when the last one has ended. IS_NEW: they are as new; otherwise they are those that the last
 * guest of the instance has left. What all guests' disks lie on is made the first time, for which
 * there is no limit of time if an image is copied. */
gboolean vq_late_disks_prepare (VqLateDisks *late, gboolean is_new, VqCancel *cancel,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Plugs them into GUEST, which runs, one after the other, and mounts them there
 * (guest-disks.h). Waits until DEADLINE. */
gboolean vq_late_disks_plug (VqLateDisks *late, VqGuest *guest, gint64 deadline, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
