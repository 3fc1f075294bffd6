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

/* What the holder of a lock tells those who wait for it. */
typedef struct
{
  char text[200]; /* one line, "" if it has told nothing */
  gint64 when;    /* microseconds of real time */
} VqLockFileSign;

/* Shows those who wait for LOCK that we are at work, and on what: TEXT is cut to what a sign can
 * hold. If the disk is full, only the time of the sign is new. */
void vq_lock_file_tell (VqLockFile *lock, const char *text);

/* The last sign of the process that holds the lock NAME in DIR. Returns FALSE if no process does,
 * or the file cannot be read. Does not wait. */
gboolean vq_lock_file_hear (VqPrivateDir *dir, const char *name, VqLockFileSign *sign);

/* Releases the lock and removes the file. */
void vq_lock_file_free (VqLockFile *lock);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqLockFile, vq_lock_file_free)
