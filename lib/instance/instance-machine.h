// SPDX-License-Identifier: GPL-2.0-or-later
/* The machine of an instance: a testbed that is made as the instance's record says, and what is
 * noted in that record about it. */
#pragma once

#include <glib.h>

#include "base/wait.h"
#include "instance/instance.h"
#include "testbed/testbed.h"

typedef struct _VqInstanceMachine VqInstanceMachine;

/* Starts nothing yet. EXEC_SOCKET is the path of the socket for commands. All arguments must
 * outlive the result. Transfer full. */
VqInstanceMachine *vq_instance_machine_new (VqInstance *instance, const char *exec_socket,
                                            VqCancel *cancel);

/* The machine runs in SLOT, which another process has taken for it, and takes none by itself. To be
 * called before it is started. Takes over SLOT. */
void vq_instance_machine_give_slot (VqInstanceMachine *machine, VqSlot *slot);

/* Says until when the instance has its slot, if it has one: microseconds of real time; 0: without
 * an end. */
void vq_instance_machine_set_lease (VqInstanceMachine *machine, gint64 end);

/* To be called when the instance's record tells something else of its owner or its description, so
 * that its slot, if it has one, tells that, too. */
void vq_instance_machine_tell_slot (VqInstanceMachine *machine);

/* Makes the machine run, as the instance's record says: forks a template, boots the disk that the
 * instance has kept, or copies the machine of another instance. The instance's lock must be held.
 * Waits as long as the options in the record allow, also for a slot. */
gboolean vq_instance_machine_start (VqInstanceMachine *machine, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Ends the machine if it runs. Does not wait for the guest. NULL is allowed. */
void vq_instance_machine_free (VqInstanceMachine *machine);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqInstanceMachine, vq_instance_machine_free)

/* NULL: it was never started. Belongs to MACHINE. */
VqTestbed *vq_instance_machine_get_testbed (VqInstanceMachine *machine);

/* Replaces it by a fresh one. It does not run if that fails. */
gboolean vq_instance_machine_revert (VqInstanceMachine *machine, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
