// SPDX-License-Identifier: GPL-2.0-or-later
/* Chooses KVM or TCG. /dev/kvm may be missing, forbidden, for another architecture than the
 * guest's, or broken (nested virtualisation that aborts, or that runs a hundred times slower than
 * TCG). */
#pragma once

#include <glib.h>

#include "plan/arch.h"
#include "plan/options.h"
#include "base/wait.h"

/* For --accel=auto this runs a timed probe: QEMU must run a few million instructions and 200 port
 * writes within VQ_ACCEL_PROBE_SECONDS. If TCG is chosen although the host's architecture would
 * fit, *WHY is the reason, for the warning. For --accel=kvm there is no probe; it fails only if
 * /dev/kvm cannot be opened. */
gboolean vq_accel_choose (const VqOptions *options, const VqArch *arch, const char *qemu_command,
                          gboolean *kvm, char **why, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Fails if /dev/kvm cannot be opened, or if QEMU_COMMAND does not pass the probe with it. There is
 * no probe for an ARCH that is not x86. ROOT is put before paths in /dev, /proc and /sys; it is ""
 * except in tests. */
gboolean vq_accel_try_kvm (const VqArch *arch, const char *qemu_command, const char *root,
                           VqCancel *cancel, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#define VQ_ACCEL_PROBE_SECONDS 0.7

/* The probe: fails unless QEMU_COMMAND with "-accel ACCEL" runs the probe's code within SECONDS.
 * For x86 only. */
gboolean vq_accel_probe (const char *qemu_command, const char *accel, const char *cpu,
                         double seconds, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
