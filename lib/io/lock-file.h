// SPDX-License-Identifier: GPL-2.0-or-later
/* A file that one process at a time holds, to be the only one who does something. The kernel lets
 * go of it when that process dies, however it dies. The file is there only while somebody holds it
 * or waits for it; one that a killed process left is taken by the next. */
#pragma once

#include <glib.h>

#include "io/private-dir.h"
#include "base/wait.h"

typedef struct _VqLockFile VqLockFile;

/* Takes the lock NAME in DIR, which must outlive the result. *LOCK is NULL if another holds it.
 * Does not wait. */
gboolean vq_lock_file_try (VqPrivateDir *dir, const char *name, VqLockFile **lock, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* The same, but waits for whoever holds it, until DEADLINE. Those who wait are served in any order.
 * Needs flock (1), which can wait without stopping us. */
VqLockFile *vq_lock_file_wait (VqPrivateDir *dir, const char *name, gint64 deadline,
                               VqCancel *cancel, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Lets go of it, and removes the file. */
void vq_lock_file_free (VqLockFile *lock);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqLockFile, vq_lock_file_free)
