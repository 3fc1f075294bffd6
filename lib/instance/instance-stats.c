// SPDX-License-Identifier: GPL-2.0-or-later
#include "instance/instance-stats.h"

#include <string.h>

#define PEAK "\nVmHWM:"

/* The most bytes of memory that the process PID has had; 0 if the kernel does not tell. */
static guint64
read_peak (GPid pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/status", pid);
  g_autofree char *text = NULL;
  const char *found = g_file_get_contents (path, &text, NULL, NULL) ? strstr (text, PEAK) : NULL;

  return found != NULL ? g_ascii_strtoull (found + strlen (PEAK), NULL, 10) * 1024 : 0;
}

void
vq_instance_stats_raise (VqInstanceStats *stats, VqPrivateDir *dir, GPid qemu)
{
  guint64 disk_space = vq_private_dir_get_allocated (dir);
  guint64 memory = qemu > 0 ? read_peak (qemu) : 0;

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
