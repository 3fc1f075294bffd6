// SPDX-License-Identifier: GPL-2.0-or-later
#include "testbed/machine-slot.h"

gboolean
vq_machine_slot_take (VqPlan *plan, const VqSlotUse *use, VqCancel *cancel, VqSlot **slot,
                      GError **error)
{
  const VqSlotChoice *choice = plan->options->slot;

  *slot = NULL;
  if (choice == NULL)
    return TRUE;
  *slot = vq_slot_take (choice->type, choice->wait_seconds, use, cancel, error);
  if (*slot == NULL)
    return FALSE;
  g_debug ("the machine has slot %u of \"%s\"", vq_slot_get_number (*slot),
           vq_slot_get_type_name (*slot));
  vq_plan_set_slot (plan, *slot);
  return TRUE;
}

void
vq_machine_slot_drop (VqPlan *plan, VqSlot **slot)
{
  vq_plan_set_slot (plan, NULL);
  g_clear_pointer (slot, vq_slot_free);
}
