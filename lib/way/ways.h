// SPDX-License-Identifier: GPL-2.0-or-later
/* Waits for the first of several ways into a guest that boots. Meanwhile the guest's console is
 * watched, because many boots fail long before the time is up. */
#pragma once

#include "qemu/console.h"
#include "way/way.h"

typedef struct _VqWays VqWays;

/* CONSOLE must outlive the result. When a last resort has failed, the guest must have booted, so
 * the other ways get only PATIENCE more seconds. */
VqWays *vq_ways_new (VqConsole *console, double patience);
void vq_ways_free (VqWays *ways);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqWays, vq_ways_free)

/* Adds WAY, which is taken over. If several are ready at once, the one that was added first is
 * tried first. */
typedef enum
{
  VQ_WAY_NORMAL,
  VQ_WAY_LAST_RESORT,
} VqWayRank;
void vq_ways_add (VqWays *ways, VqWay *way, VqWayRank rank);

/* Waits until a way is open, and returns it; it belongs to WAYS. A way that is open but of no use
 * is to be given to vq_ways_refuse; then this may be called again. If none opens, the error says
 * what the console said, which ways were tried, and why each did not open. It is VQ_ERROR_TIMEOUT
 * if the time is up, VQ_ERROR_FAILED if the boot has failed, and VQ_ERROR_LOCKED if the guest has
 * booted. */
VqWay *vq_ways_open_one (VqWays *ways, gint64 deadline, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* WAY, which vq_ways_open_one has returned, does not work, for the reason WHY (taken over). It is
 * tried again only if that was VQ_ERROR_TIMEOUT. */
void vq_ways_refuse (VqWays *ways, VqWay *way, GError *why);
