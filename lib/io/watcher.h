// SPDX-License-Identifier: GPL-2.0-or-later
/* A small process that waits until we have ended, whatever kills us, and then does one thing. Only
 * SIGKILL can end it before that. It has a process group of its own, so that a signal to ours does
 * not reach it. */
#pragma once

#include <glib.h>

typedef struct _VqWatcher VqWatcher;

/* What the watcher does at the end. It runs in a forked child with a copy of our memory, so it may
 * use only system calls and functions that are safe after fork. FD is the one from
 * vq_watcher_new. */
typedef void (*VqWatcherTask) (int fd, gconstpointer data);

/* Starts a watcher, which calls TASK with DATA if this process ends before vq_watcher_free. It
 * keeps a copy of FD open (-1: none), and no other descriptor of ours. */
VqWatcher *vq_watcher_new (int fd, VqWatcherTask task, gconstpointer data, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Lets the watcher call TASK now, and waits until it has done that. To be used where we cannot do
 * the same ourselves; then the watcher must be freed. */
void vq_watcher_run (VqWatcher *watcher);

/* Kills the watcher, because it has nothing left to do. Waits only for the kernel. */
void vq_watcher_free (VqWatcher *watcher);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqWatcher, vq_watcher_free)
