// SPDX-License-Identifier: GPL-2.0-or-later
/* A small process that waits for our end, whatever kills us, and then does one thing. Nothing but
 * SIGKILL ends it before, and it is in a process group of its own, so that who kills ours does not
 * kill it as well. */
#pragma once

#include <glib.h>

typedef struct _VqWatcher VqWatcher;

/* What is to be done. It runs in a child made by fork alone, which has only the memory of then:
 * system calls and functions that are safe after fork, no others. FD is the one it was made with.
 */
typedef void (*VqWatcherTask) (int fd, gconstpointer data);

/* Starts one that calls TASK with DATA when this process ends before vq_watcher_free. It keeps a
 * copy of FD open (-1: of none) and no other descriptor of ours. */
VqWatcher *vq_watcher_new (int fd, VqWatcherTask task, gconstpointer data, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Nothing is left for it to do: kills it, and waits for the kernel only. */
void vq_watcher_free (VqWatcher *watcher);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqWatcher, vq_watcher_free)
