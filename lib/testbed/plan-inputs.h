// SPDX-License-Identifier: GPL-2.0-or-later
/* Which facts make a template fit a testbed: all that could make a fork of it another machine than
 * a boot would give. */
#pragma once

#include <glib.h>

#include "plan/plan.h"
#include "template/template-key.h"
#include "base/wait.h"

/* Looks at every file that goes into PLAN's machine, and at the host. Fails if one of them can
 * change without a trace, or cannot be looked at. Waits for QEMU's --version and for qemu-img,
 * until DEADLINE at most. Transfer full. */
VqTemplateKey *vq_plan_inputs_get_key (const VqPlan *plan, gint64 deadline, VqCancel *cancel,
                                       GError **error) G_GNUC_WARN_UNUSED_RESULT;
