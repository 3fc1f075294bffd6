// SPDX-License-Identifier: GPL-2.0-or-later
#include "testbed/stats-table.h"

#include <check.h>

#include "suite.h"

CASE ("stats-table", NULL, NULL, 0)

TEST (what_was_done)
{
  static const VqStatsTableRow rows[] = { { "open", 1, 312400 },
                                          { "revert", 4, 200000 },
                                          { "reboot", 0, 0 },
                                          { "copydown", 12, 3600000000 } };
  static const VqServedUsage usage
      = { .origin = "template", .n_commands = 43, .copied_down = 12 << 20, .memory = 3ull << 29 };
  g_autofree char *text = vq_stats_table_build (rows, G_N_ELEMENTS (rows), &usage);

  ck_assert_str_eq (text, "The last testbed came from: template\n"
                          "  open             1      0.312 s\n"
                          "  revert           4      0.200 s      0.050 s each\n"
                          "  copydown        12   3600.000 s    300.000 s each\n"
                          "  commands        43\n"
                          "  copied down        12 MiB\n"
                          "  copied up          0 B\n"
                          "  most memory        1.5 GiB\n"
                          "  most disk space    0 B\n");
}

TEST (nothing)
{
  static const VqServedUsage usage = { .origin = NULL };
  g_autofree char *text = vq_stats_table_build (NULL, 0, &usage);

  ck_assert_msg (g_str_has_prefix (text, "The last testbed came from: nothing\n"), "%s", text);
}
