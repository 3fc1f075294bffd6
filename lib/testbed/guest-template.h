// SPDX-License-Identifier: GPL-2.0-or-later
/* Turns a guest into a template, and makes forks of it. Besides the machine this concerns facts
 * about the guest, such as its scratch directory. */
#pragma once

#include <glib.h>

#include "testbed/guest-prepare.h"
#include "guest/guest.h"
#include "plan/plan.h"
#include "template/template-build.h"
#include "template/template.h"
#include "base/wait.h"
#include "testbed/guest-facts.h"

/* Fills in FACTS for GUEST, which was booted in BUILD's directory, and makes the template. GUEST
 * has ended then. If this fails, for example because such a guest cannot be saved at all,
 * vq_guest_go_on tells whether GUEST still runs. Waits for at most a minute, and for the facts. */
VqTemplate *vq_guest_template_save (VqTemplateBuild *build, VqGuest *guest, VqGuestFacts *facts,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Begins a fork of TEMPLATE, which stands still. PLAN and CANCEL must outlive the result. */
VqGuest *vq_guest_template_load (VqTemplate *template, const VqPlan *plan, VqCancel *cancel,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Lets GUEST, which is such a fork, run. FACTS become those of the template; but if FACTS has a
 * scratch directory already, the guest gets that one. Waits until the fork answers, and not
 * beyond DEADLINE for that. */
gboolean vq_guest_template_run (VqTemplate *template, VqGuest *guest, VqGuestFacts *facts,
                                gint64 deadline, GError **error) G_GNUC_WARN_UNUSED_RESULT;
