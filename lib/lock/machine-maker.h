// SPDX-License-Identifier: GPL-2.0-or-later
/* Makes the machines that virt-qemu lock asks for: all of them, or none. */
#pragma once

#include "lock/lock-request.h"

/* Makes what REQUEST asks for, and starts it. NAMES (of char *, empty before) gets the names of all
 * instances. Waits until the last one is ready. Nothing is made, or left, if this fails:
 * VQ_ERROR_MISSING if there is no such type of machine or system, and the error names those that
 * there are; VQ_ERROR_EXISTS if there is an instance of one of the names; VQ_ERROR_NO_ROOM if too
 * few slots are free. */
gboolean vq_machine_maker_run (const VqLockRequest *request, GPtrArray *names, VqCancel *cancel,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Removes the machines with these NAMES, which run. */
void vq_machine_maker_undo (const GPtrArray *names);
