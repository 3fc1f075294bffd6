// SPDX-License-Identifier: GPL-2.0-or-later
/* A guest that becomes a template, and its forks: the machine, and what is known of the guest. */
#pragma once

#include <glib.h>

#include "testbed/guest-prepare.h"
#include "guest/guest.h"
#include "plan/plan.h"
#include "template/template-build.h"
#include "template/template.h"
#include "base/wait.h"
#include "testbed/guest-facts.h"

/* Makes FACTS of GUEST, which was booted in BUILD's directory, and saves all that BUILD needs to be
 * committed; GUEST has ended then. If it fails, GUEST is there still, maybe stopped: it is for
 * vq_guest_go_on. Waits for a minute at most, and for the facts. */
gboolean vq_guest_template_save (VqTemplateBuild *build, VqGuest *guest, VqGuestFacts *facts,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A fork of TEMPLATE, whose facts FACTS become; but if there is a scratch directory in FACTS, the
 * guest gets that. PLAN and CANCEL must outlive the result. Waits for the fork to answer. */
VqGuest *vq_guest_template_fork (VqTemplate *template, const VqPlan *plan, VqGuestFacts *facts,
                                 VqCancel *cancel, GError **error) G_GNUC_WARN_UNUSED_RESULT;
