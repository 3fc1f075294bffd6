// SPDX-License-Identifier: GPL-2.0-or-later
#include "testbed/stats-table.h"

#include "base/units.h"

static void
add_row (GString *text, const VqStatsTableRow *row)
{
  if (row->count == 0)
    return;
  g_string_append_printf (text, "  %-10s %7u  %9.3f s", row->name, row->count,
                          row->time / (double)G_USEC_PER_SEC);
  if (row->count > 1)
    g_string_append_printf (text, "  %9.3f s each",
                            row->time / (double)G_USEC_PER_SEC / row->count);
  g_string_append_c (text, '\n');
}

static void
add_size (GString *text, const char *name, guint64 size)
{
  g_autofree char *shown = vq_units_size_to_string (size);

  g_string_append_printf (text, "  %-18s %s\n", name, shown);
}

char *
vq_stats_table_build (const VqStatsTableRow *rows, guint n, const VqServedUsage *usage)
{
  GString *text = g_string_new ("");

  g_string_append_printf (text, "The last testbed came from: %s\n",
                          usage->origin != NULL ? usage->origin : "nothing");
  for (guint i = 0; i < n; i++)
    add_row (text, &rows[i]);
  g_string_append_printf (text, "  %-10s %7" G_GUINT64_FORMAT "\n", "commands", usage->n_commands);
  add_size (text, "copied down", usage->copied_down);
  add_size (text, "copied up", usage->copied_up);
  add_size (text, "most memory", usage->memory);
  add_size (text, "most disk space", usage->disk_space);
  return g_string_free (text, FALSE);
}
