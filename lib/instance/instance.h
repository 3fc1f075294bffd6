// SPDX-License-Identifier: GPL-2.0-or-later
/* An instance: a machine that stays, with a name. It has a directory (instance-place.h) with its
 * record and its disk. While it runs, a process of its own, the supervisor, holds its lock. So who
 * can take the lock knows that it does not run, however that process has ended. */
#pragma once

#include "base/cancel.h"
#include "instance/instance-record.h"

typedef struct _VqInstance VqInstance;

/* Makes the instance NAME in PLACE (the directory for the state), with RECORD, which is taken over
 * even on failure. We have its lock then. VQ_ERROR_EXISTS if there is one of that name. Waits for
 * others that make an instance, for seconds at most. */
VqInstance *vq_instance_create (VqPrivateDir *place, const char *name, VqInstanceRecord *record,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Opens one that exists, without its lock: VQ_ERROR_MISSING if there is none of that name. */
VqInstance *vq_instance_open (VqPrivateDir *place, const char *name, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* The same, whatever its record is: it may be damaged, or of another version. The instance has no
 * record then, and can only be asked whether it runs, locked and removed. */
VqInstance *vq_instance_open_damaged (VqPrivateDir *place, const char *name, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* The same as vq_instance_open for the supervisor, to which the process that has started it has
 * left the lock, as the descriptor LOCK_FD, which is taken over. */
VqInstance *vq_instance_open_locked (VqPrivateDir *place, const char *name, int lock_fd,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Gives up the lock, unless another process has its descriptor, too. */
void vq_instance_free (VqInstance *instance);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqInstance, vq_instance_free)

/* Takes the lock: VQ_ERROR_BUSY if the instance runs, VQ_ERROR_MISSING if it has just been
 * removed. Does not wait. */
gboolean vq_instance_lock (VqInstance *instance, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same, but who is just ending, or was killed and leaves the rest to its janitor, has 5 seconds
 * to give it up. */
gboolean vq_instance_lock_soon (VqInstance *instance, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Gives up the lock. */
void vq_instance_unlock (VqInstance *instance);

/* The descriptor that holds the lock, or would. */
int vq_instance_get_lock_fd (VqInstance *instance);

/* Whether another process has the lock. */
gboolean vq_instance_is_running (VqInstance *instance);

/* Sets the error of something for which the instance must run (VQ_ERROR_BUSY): what starts it, and
 * why it has stopped if nobody asked for that. Returns FALSE. */
gboolean vq_instance_set_stopped_error (VqInstance *instance, GError **error);

/* Waits until no other process has the lock: blocks, so it is for programs that have nothing else
 * to do. */
void vq_instance_await_stop (VqInstance *instance);

const char *vq_instance_get_name (VqInstance *instance);

/* The directory of all instances, which is not INSTANCE's own. */
VqPrivateDir *vq_instance_get_place (VqInstance *instance);

/* Its directory; belongs to INSTANCE. */
VqPrivateDir *vq_instance_get_dir (VqInstance *instance);

/* The record can be changed, and is then to be written (instance-record.h). */
VqInstanceRecord *vq_instance_get_record (VqInstance *instance);

/* Removes it with its disk and its sockets. We must have its lock. */
gboolean vq_instance_remove (VqInstance *instance, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The names of all instances in PLACE, sorted. Transfer full. */
char **vq_instance_list (VqPrivateDir *place, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Removes what killed processes have left in PLACE: ephemeral instances that do not run, and halves
 * of instances that were being made or removed. Returns the names of what was removed, which for
 * halves begin with ".". Transfer full. */
char **vq_instance_sweep (VqPrivateDir *place);
