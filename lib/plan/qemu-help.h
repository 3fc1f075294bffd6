// SPDX-License-Identifier: GPL-2.0-or-later
/* Asks a QEMU which devices, processors and properties it knows, by the lists that it prints
 * ("-device help"). */
#pragma once

#include <glib.h>

#include "base/wait.h"

/* Whether WORD is in the list that QEMU_COMMAND prints for OPTION with VALUE, for example for
 * "-device" with "help". FALSE too if QEMU fails or does not end before DEADLINE: then the caller
 * does without. */
gboolean vq_qemu_help_has (const char *qemu_command, const char *option, const char *value,
                           const char *word, gint64 deadline, VqCancel *cancel);
