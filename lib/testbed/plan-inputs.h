// SPDX-License-Identifier: GPL-2.0-or-later
/* Collects the facts that a template depends on: everything that could make a fork differ from a
 * machine that boots now. */
#pragma once

#include <glib.h>

#include "plan/plan.h"
#include "template/template-key.h"
#include "base/wait.h"

/* The key for templates of PLAN. Looks at every file that PLAN's machine uses, and at the host.
 * Fails, with the reason as a phrase, if PLAN's guests cannot become templates: because they cannot
 * be saved, as far as that is known before one is booted, or because a file cannot be looked at, or
 * could change without a trace. Waits for QEMU's --version until DEADLINE.
 * Transfer full. */
VqTemplateKey *vq_plan_inputs_get_key (const VqPlan *plan, gint64 deadline, VqCancel *cancel,
                                       GError **error) G_GNUC_WARN_UNUSED_RESULT;
