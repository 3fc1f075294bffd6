// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of --stats, for people: what the server has done, how long it took, and what it took of
 * the host. */
#pragma once

#include "testbed/served.h"

/* One line of it: the requests of one kind. */
typedef struct
{
  const char *name;
  guint count;
  gint64 time; /* in microseconds */
} VqStatsTableRow;

/* Builds the table, whose lines end with a newline, of those of N ROWS that have something to tell,
 * and USAGE. Transfer full. */
char *vq_stats_table_build (const VqStatsTableRow *rows, guint n, const VqServedUsage *usage);
