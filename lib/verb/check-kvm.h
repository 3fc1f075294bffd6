// SPDX-License-Identifier: GPL-2.0-or-later
/* What "virt-qemu check" finds out about KVM: whether it works, and if not, why. */
#pragma once

#include "plan/arch.h"
#include "verb/check-line.h"

/* Adds the lines "kvm", "nested" and "vhost" for guests of ARCH, which is the host's. QEMU is the
 * program for the probe, which takes a second at most; if it is NULL, there is no probe. ROOT is
 * put before paths in /dev, /proc and /sys; it is "" except in tests. */
void vq_check_kvm (GPtrArray *lines, const VqArch *arch, const char *qemu, const char *root);
