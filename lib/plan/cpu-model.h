// SPDX-License-Identifier: GPL-2.0-or-later
/* Chooses the processor that a guest sees. It is the same on all hosts where possible, so that
 * tests give the same results. But if the host's KVM allows nested guests, the processor supports
 * them. */
#pragma once

#include <glib.h>

#include "plan/arch.h"

/* The value for -cpu, or NULL for QEMU's default. ROOT is put before the paths in /proc and /sys;
 * it is "" except in tests. Static. */
const char *vq_cpu_model_choose (const VqArch *arch, gboolean kvm, const char *root);

/* Whether the host's processor, an x86 one, has FLAG ("vmx", "svm", "hypervisor"). ROOT as above.
 */
gboolean vq_cpu_model_host_has (const char *root, const char *flag);

/* Whether the host's KVM allows nested guests. ROOT as above. */
gboolean vq_cpu_model_is_nested (const char *root);
