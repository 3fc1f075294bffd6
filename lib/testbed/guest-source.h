// SPDX-License-Identifier: GPL-2.0-or-later
/* Where a testbed's guests come from. With templates each one is a fork: of a template that an
 * earlier run saved, or of one that is made now by booting a guest, preparing and saving it. Where
 * that cannot be done, and that is told once, each guest is booted and prepared. Either way the
 * guest is ready for the first command of a caller. */
#pragma once

#include <glib.h>

#include "testbed/guest-prepare.h"
#include "guest/guest.h"
#include "plan/plan.h"
#include "base/wait.h"
#include "testbed/guest-facts.h"

typedef struct _VqGuestSource VqGuestSource;

/* PLAN and CANCEL must outlive the result. */
VqGuestSource *vq_guest_source_new (VqPlan *plan, VqCancel *cancel);

/* Guests that came from it need not be gone, but their disks are not safe from others any more. */
void vq_guest_source_free (VqGuestSource *source);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqGuestSource, vq_guest_source_free)

/* Gives a guest and fills in FACTS. If FACTS has a scratch directory already (that of an earlier
 * guest, as built trees hold absolute paths), the guest gets it under that path. Waits for a fork,
 * or for as long as a boot may take and for what is done before a template is saved. */
VqGuest *vq_guest_source_get (VqGuestSource *source, VqGuestFacts *facts, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
