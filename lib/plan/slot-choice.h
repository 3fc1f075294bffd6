// SPDX-License-Identifier: GPL-2.0-or-later
/* What the user says with --slot: that the machine must have a slot of this host (slot/slot.h), and
 * so cannot be larger than the type of the slot allows. */
#pragma once

#include "slot/slot-type.h"

typedef struct
{
  GPtrArray *types; /* owned: all of this host */
  const VqSlotType *type;
  int wait_seconds; /* how long a slot is waited for; 0: not at all */
} VqSlotChoice;

/* Parses TYPE[:wait=SECONDS]. Reads slots.conf: VQ_ERROR_MISSING if it has no such type, and
 * otherwise VQ_ERROR_USAGE. Transfer full. */
VqSlotChoice *vq_slot_choice_parse (const char *text, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void vq_slot_choice_free (VqSlotChoice *choice);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqSlotChoice, vq_slot_choice_free)

/* Gives those of *CPUS, *RAM_SIZE_MIB and *DISK_SIZE (bytes) that are 0 what the slot has. Fails
 * with VQ_ERROR_USAGE if one is more than that. */
gboolean vq_slot_choice_fit_machine (const VqSlotChoice *choice, int *cpus, int *ram_size_mib,
                                     guint64 *disk_size, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Adds the further disks of the slot to DISKS (VqDiskSpec), if there are none. */
gboolean vq_slot_choice_add_disks (const VqSlotChoice *choice, GPtrArray *disks, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Fails with VQ_ERROR_USAGE if DISKS, which are complete, are more or larger than the slot has. A
 * disk that is elsewhere, or begins with an image, may have any size. */
gboolean vq_slot_choice_check_disks (const VqSlotChoice *choice, const GPtrArray *disks,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;
