// SPDX-License-Identifier: GPL-2.0-or-later
/* All ways into a guest that boots, and which of them opens first. What the guest's console says is
 * watched meanwhile: some boots have failed long before time is up. */
#pragma once

#include "qemu/console.h"
#include "way/way.h"

typedef struct _VqEntries VqWays;

/* CONSOLE must outlive the result. When a last resort has failed, the guest is up, and the other
 * ways get PATIENCE more seconds. */
VqWays *vq_ways_new (VqConsole *console, double patience);
void vq_ways_free (VqWays *ways);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqWays, vq_ways_free)

/* WAY becomes theirs. Of several that are ready at once, the one that was added first is tried
 * first. */
typedef enum
{
  VQ_WAY_NORMAL,
  VQ_WAY_LAST_RESORT,
} VqWayRank;
void vq_ways_add (VqWays *ways, VqWay *way, VqWayRank rank);

/* Waits until one is open, and returns it; it stays theirs. The error of a guest that cannot be got
 * into tells what its console says, which ways were tried, and why each was none: VQ_ERROR_TIMEOUT
 * if time was up, VQ_ERROR_FAILED if the boot has failed, VQ_ERROR_LOCKED if the guest is up. */
VqWay *vq_ways_open_one (VqWays *ways, gint64 deadline, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
