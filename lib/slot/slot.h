// SPDX-License-Identifier: GPL-2.0-or-later
/* A slot that we have: the right to run one machine of a type (slot-type.h) on this host.
 *
 * It is a lock on an open file, so it belongs to whoever has a copy of the descriptor, and is free
 * when the last copy is closed, also because a process was killed. The descriptor is closed in
 * children, unless they are given it on purpose: the supervisor of an instance adopts it, and QEMU
 * gets a copy, so that a slot is free only when the machine's memory is, too.
 *
 * First come, first served (slot-queue.h): nobody overtakes one who waits. Waiting is by the
 * monotonic clock. */
#pragma once

#include "base/wait.h"
#include "slot/slot-holder.h"
#include "slot/slot-type.h"

typedef struct _VqSlot VqSlot;

/* What the holder of a slot tells others about itself. A string may be NULL. */
typedef struct
{
  const char *instance;    /* the name of the instance that it is for */
  const char *owner;       /* whom it is for, in the user's words */
  const char *description; /* what for */
  gint64 lease_end;        /* microseconds of real time; 0: none */
} VqSlotUse;

/* Takes N slots of TYPE, all or none, and says what for: USE. If not so many are free, or others
 * wait already, waits for WAIT_SECONDS at most (0: not at all), with a line of progress. Fails with
 * VQ_ERROR_NO_ROOM if there are not enough in that time, and with VQ_ERROR_USAGE if TYPE never has
 * so many. Transfer full, VqSlot. */
GPtrArray *vq_slot_take_many (const VqSlotType *type, guint n, int wait_seconds,
                              const VqSlotUse *use, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* The same for one. */
VqSlot *vq_slot_take (const VqSlotType *type, int wait_seconds, const VqSlotUse *use,
                      VqCancel *cancel, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The slot that another process has taken, and given us the descriptor FD of. Takes over FD, which
 * is closed also if this fails. */
VqSlot *vq_slot_adopt (int fd, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The descriptor, which belongs to SLOT; a copy of it holds the slot, too. */
int vq_slot_get_fd (const VqSlot *slot);

/* The name of its type, and its number, from 1 on. */
const char *vq_slot_get_type_name (const VqSlot *slot);
guint vq_slot_get_number (const VqSlot *slot);

/* Says anew what SLOT is used for, and that this process holds it. */
gboolean vq_slot_tell (const VqSlot *slot, const VqSlotUse *use, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Gives our copy up. SLOT may be NULL. */
void vq_slot_free (VqSlot *slot);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqSlot, vq_slot_free)

/* A slot that somebody may have. */
typedef struct
{
  guint number;
  gboolean is_held;
  VqSlotHolder *holder; /* what is known about who holds it; NULL: nothing */
} VqSlotState;

/* All slots of TYPE, in their order, and *N_WAITING: how many wait for one. Takes none; waits for a
 * moment for those who do. Transfer full, VqSlotState. */
GPtrArray *vq_slot_list (const VqSlotType *type, guint *n_waiting, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
