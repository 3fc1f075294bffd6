// SPDX-License-Identifier: GPL-2.0-or-later
/* Follows what happens to instances: the file of events (instance-event.h), and that supervisors
 * are killed, which nobody writes there. Nothing here waits. */
#pragma once

#include "instance/instance-event.h"

typedef struct _VqEventWatch VqEventWatch;

/* EVENT belongs to the watch. */
typedef void (*VqEventWatchHappened) (const VqInstanceEvent *event, gpointer data);

/* Calls HAPPENED for each event that is in the file, and later from the main context for each that
 * comes. */
VqEventWatch *vq_event_watch_new (VqEventWatchHappened happened, gpointer data, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
void vq_event_watch_free (VqEventWatch *watch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqEventWatch, vq_event_watch_free)
