// SPDX-License-Identifier: GPL-2.0-or-later
/* For somebody who looks on while a guest boots: one line on the terminal, with the seconds that
 * have passed and what the console said last. */
#pragma once

#include "qemu/console.h"

typedef struct _VqBootProgress VqBootProgress;

/* Shows it from the second second on, on FD if that is a terminal, else never. CONSOLE must outlive
 * the result. */
VqBootProgress *vq_boot_progress_new (int fd, VqConsole *console);

/* Takes the line away. */
void vq_boot_progress_free (VqBootProgress *progress);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqBootProgress, vq_boot_progress_free)
