// SPDX-License-Identifier: GPL-2.0-or-later
/* What an instance takes of the host: the most since it was started, as far as we have looked. */
#pragma once

#include "io/private-dir.h"

/* At the beginning all is 0. */
typedef struct
{
  guint64 disk_space; /* bytes of its files */
  guint64 memory;     /* bytes of its QEMU; 0: not known */
} VqInstanceStats;

/* Looks at the files in DIR and at the process QEMU (0: there is none), and raises what has grown.
 * The kernel itself keeps the most memory of a process, so that no peak of it is missed while the
 * process runs. */
void vq_instance_stats_raise (VqInstanceStats *stats, VqPrivateDir *dir, GPid qemu);

/* The same as NAME=VALUE words; what is not known is left out. Transfer full. */
char **vq_instance_stats_build_words (const VqInstanceStats *stats);
