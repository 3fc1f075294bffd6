// SPDX-License-Identifier: GPL-2.0-or-later
/* Shows the user that a guest is booting: one line on the terminal with the seconds that have
 * passed and the console's last line. */
#pragma once

#include "qemu/console.h"

typedef struct _VqBootProgress VqBootProgress;

/* Shows the line after the first second if our stderr is a terminal, and otherwise never. CONSOLE
 * must outlive the result. */
VqBootProgress *vq_boot_progress_new (VqConsole *console);

/* Removes the line. */
void vq_boot_progress_free (VqBootProgress *progress);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqBootProgress, vq_boot_progress_free)
