// SPDX-License-Identifier: GPL-2.0-or-later
/* Which graphics card the machine has (--display). */
#pragma once

#include <glib.h>

#include "base/wait.h"
#include "plan/arch.h"
#include "plan/options.h"

/* The value for QEMU's -device, or NULL for no card of ours: because the user wants none or gave
 * one in --qemu-options, or because this QEMU does not have the one of ARCH. Waits for QEMU where
 * not each build of it has that. Transfer full. */
char *vq_display_choose (const VqOptions *options, const VqArch *arch, const char *qemu_command,
                         gint64 deadline, VqCancel *cancel);

/* Whether DEVICE, the value of a -device, is a graphics card, as far as its name tells. */
gboolean vq_display_is_card (const char *device);
