// SPDX-License-Identifier: GPL-2.0-or-later
/* The slot of this host that a machine needs if the user has said --slot. */
#pragma once

#include "plan/plan.h"
#include "slot/slot.h"

/* Takes a slot as the options of PLAN say, which may wait, and gives a copy of it to each QEMU of
 * PLAN from then on. *SLOT is NULL if the machine needs none. */
gboolean vq_machine_slot_take (VqPlan *plan, const VqSlotUse *use, VqCancel *cancel, VqSlot **slot,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Gives *SLOT, which may be NULL, up, and sets it to NULL. */
void vq_machine_slot_drop (VqPlan *plan, VqSlot **slot);
