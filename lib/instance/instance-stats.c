// SPDX-License-Identifier: GPL-2.0-or-later
#include "instance/instance-stats.h"

#include "base/host-facts.h"

void
vq_instance_stats_raise (VqInstanceStats *stats, VqPrivateDir *dir, GPid qemu)
{
  guint64 disk_space = vq_private_dir_get_allocated (dir);
  guint64 memory = vq_host_facts_get_peak_memory (qemu);

  stats->disk_space = MAX (stats->disk_space, disk_space);
  stats->memory = MAX (stats->memory, memory);
}

char **
vq_instance_stats_build_words (const VqInstanceStats *stats)
{
  char **words = g_new0 (char *, 3);

  words[0] = g_strdup_printf ("disk_space=%" G_GUINT64_FORMAT, stats->disk_space);
  if (stats->memory > 0)
    words[1] = g_strdup_printf ("memory=%" G_GUINT64_FORMAT, stats->memory);
  return words;
}
