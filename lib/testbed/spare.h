// SPDX-License-Identifier: GPL-2.0-or-later
/* The next machine, which is made before anybody asks for it: a fork of the template that has run
 * for a moment and stands still. There is one at most. It ends with us, however we end.
 *
 * It is made while the caller is silent, and given up when the caller speaks. Commands may run in
 * the guest then: a test is a command, and autopkgtest reverts as soon as it has ended. Making it
 * takes some half second of processor time. The process is not made nice for that, because the
 * kernel lets only root undo it, so the machine would be slow when it is used. */
#pragma once

#include "guest/guest.h"
#include "plan/plan.h"
#include "template/template.h"

typedef struct _VqSpare VqSpare;

/* PLAN and CANCEL must outlive the result, and the guests that were taken from it. */
VqSpare *vq_spare_new (const VqPlan *plan, VqCancel *cancel);
void vq_spare_free (VqSpare *spare);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqSpare, vq_spare_free)

/* Why none is made, or NULL if one is; MEMINFO is normally "/proc/meminfo". With --spare=auto, the
 * host must have memory for all of another guest's and 512 MiB, and the place for its disk 256 MiB
 * of room, and the guest must have nothing that only one machine at a time can have. */
const char *vq_spare_find_obstacle (const VqPlan *plan, const char *meminfo);

/* Makes it, of TEMPLATE, unless it is there already or there is an obstacle. Waits until it is
 * there, but not longer than until there is something to read from CALLER (an open file of the
 * caller's). If it cannot be made, only
 * --debug tells. */
void vq_spare_make (VqSpare *spare, VqTemplate *template, int caller);

/* Whether there is one that can be run, as far as is known. */
gboolean vq_spare_is_there (VqSpare *spare);

/* Gives it away (transfer full): vq_guest_template_run comes next. NULL if there is none. */
VqGuest *vq_spare_take (VqSpare *spare);

/* Ends it, because its template is not used any more. */
void vq_spare_drop (VqSpare *spare);
