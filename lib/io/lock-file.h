// SPDX-License-Identifier: GPL-2.0-or-later
/* A lock that one process at a time can hold, so that it alone does something. The kernel releases
 * it when that process dies, however it dies. The file exists only while a process holds the lock
 * or waits for it. If a killed process has left the file behind, the next one takes it. */
#pragma once

#include <glib.h>

#include "io/private-dir.h"
#include "base/wait.h"

typedef struct _VqLockFile VqLockFile;

/* Takes the lock NAME in DIR, which must outlive the result. *LOCK is NULL if another process holds
 * it. Does not wait. */
gboolean vq_lock_file_try (VqPrivateDir *dir, const char *name, VqLockFile **lock, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* The same, but waits until DEADLINE while another process holds it. Several that wait get it in
 * any order. Runs flock (1), which waits in our place, so that the main context goes on. */
VqLockFile *vq_lock_file_wait (VqPrivateDir *dir, const char *name, gint64 deadline,
                               VqCancel *cancel, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Releases the lock and removes the file. */
void vq_lock_file_free (VqLockFile *lock);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqLockFile, vq_lock_file_free)
