// SPDX-License-Identifier: GPL-2.0-or-later
/* What "virt-qemu check" finds out about QEMU, and about what must be installed with it. */
#pragma once

#include "plan/arch.h"
#include "verb/check-line.h"

/* Adds the lines "qemu", "qemu-img", "sandbox", "firmware", "programs" and "helpers" for guests of
 * ARCH. ROOT is put before the paths of firmware; it is "" except in tests. Starts QEMU twice, only
 * to make it say what it can do. Returns the path of the QEMU, or NULL if there is none; transfer
 * full. */
char *vq_check_qemu (GPtrArray *lines, const VqArch *arch, const char *root);
