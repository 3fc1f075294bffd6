// SPDX-License-Identifier: GPL-2.0-or-later
/* What "virt-qemu check" finds out about the room on the host's disks, its memory, and limits. */
#pragma once

#include "verb/check-line.h"

/* Adds the lines "templates", "temporary", "memory" and "limits". TEMPLATE_DIR is where templates
 * are kept (NULL: the default). MEMINFO is the path of /proc/meminfo; tests give another. Makes a
 * directory in $TMPDIR, as the server does, and removes it. */
void vq_check_room (GPtrArray *lines, const char *template_dir, const char *meminfo);
