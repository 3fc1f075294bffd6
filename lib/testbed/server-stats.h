// SPDX-License-Identifier: GPL-2.0-or-later
/* Counts what the server does, how long it takes, and what it takes of the host: for --stats-file,
 * a file with one JSON object, whose members the man page describes, and for --stats, a table on
 * stderr at the end. The file is replaced as a whole: in the beginning, every 5 s while the testbed
 * is open or a request is handled, after each request, and at the end. */
#pragma once

#include <glib.h>

#include "plan/options.h"
#include "testbed/protocol.h"
#include "testbed/served.h"

typedef struct _VqServerStats VqServerStats;

/* For OPTIONS, which have --stats-file, --stats or both. Writes the file for the first time; fails
 * if that is impossible. If it is later, there is one warning. SERVED must outlive the result. */
VqServerStats *vq_server_stats_new (const VqOptions *options, VqServed *served, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Writes the file for the last time, and the table. */
void vq_server_stats_free (VqServerStats *stats);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqServerStats, vq_server_stats_free)

/* To be called before and after a request is handled. STATS may be NULL. The time of a `quit'
 * counts for `close', as this is what it does. */
void vq_server_stats_begin (VqServerStats *stats, VqCommandId command);
void vq_server_stats_end (VqServerStats *stats);
