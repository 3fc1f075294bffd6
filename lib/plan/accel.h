// SPDX-License-Identifier: GPL-2.0-or-later
/* KVM or TCG. /dev/kvm may be missing, forbidden, foreign to the guest's architecture, or there and
 * broken (nested virtualisation that aborts, or that runs a hundred times slower than TCG). */
#pragma once

#include <glib.h>

#include "plan/arch.h"
#include "plan/options.h"
#include "base/wait.h"

/* Decides for --accel=auto by a timed probe: a QEMU that runs a few million instructions and 200
 * port writes, at most VQ_ACCEL_PROBE_SECONDS. *WHY is set when TCG is used although the host's
 * architecture would fit: the reason, for the one warning. --accel=kvm fails if /dev/kvm cannot
 * be opened, and is not probed. */
gboolean vq_accel_choose (const VqOptions *options, const VqArch *arch, const char *qemu_command,
                          gboolean *kvm, char **why, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

#define VQ_ACCEL_PROBE_SECONDS 0.7

/* The probe itself: whether QEMU_COMMAND with "-accel ACCEL" gets through the probe's code in
 * SECONDS. x86 only. */
gboolean vq_accel_probe (const char *qemu_command, const char *accel, const char *cpu,
                         double seconds, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
