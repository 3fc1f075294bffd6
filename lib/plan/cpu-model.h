// SPDX-License-Identifier: GPL-2.0-or-later
/* Which processor a guest sees. It is the same on all hosts as far as that goes, so that tests give
 * the same results; but where the host's KVM lets guests use KVM in turn, it can do that. */
#pragma once

#include <glib.h>

#include "plan/arch.h"

/* The -cpu to use, or NULL for QEMU's default. ROOT comes before the paths of what is looked at
 * under /proc and /sys: "" but in tests. Static. */
const char *vq_cpu_model_choose (const VqArch *arch, gboolean kvm, const char *root);
