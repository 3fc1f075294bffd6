// SPDX-License-Identifier: GPL-2.0-or-later
/* The file of --stats-file: one JSON object that tells what the server has done, how long it took,
 * and what it takes of the host. The man page describes the members. The file is replaced as a
 * whole: in the beginning, every 5 s while the testbed is open or a request is handled, after each
 * request, and at the end. */
#pragma once

#include <glib.h>

#include "testbed/protocol.h"
#include "testbed/served.h"

typedef struct _VqServerStats VqServerStats;

/* Writes the file PATH for the first time; fails if that is impossible. If it is later, there is
 * one warning. SERVED, of IMAGE (may be NULL), must outlive the result. */
VqServerStats *vq_server_stats_new (const char *path, const char *image, VqServed *served,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Writes the file for the last time. */
void vq_server_stats_free (VqServerStats *stats);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqServerStats, vq_server_stats_free)

/* To be called before and after a request is handled. STATS may be NULL. The time of a `quit'
 * counts for `close', as this is what it does. */
void vq_server_stats_begin (VqServerStats *stats, VqCommandId command);
void vq_server_stats_end (VqServerStats *stats);
