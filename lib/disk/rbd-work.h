// SPDX-License-Identifier: GPL-2.0-or-later
/* What we do in a Ceph cluster, by its program rbd, and how it is undone: in the reverse order. */
#pragma once

#include "base/wait.h"
#include "disk/disk-secret.h"
#include "disk/rbd-name.h"

/* Fails if Ceph's program or QEMU's driver is not installed. Waits for qemu-img, some seconds at
 * most. */
gboolean vq_rbd_work_check (VqCancel *cancel, GError **error) G_GNUC_WARN_UNUSED_RESULT;

typedef struct _VqRbdWork VqRbdWork;

VqRbdWork *vq_rbd_work_new (void);

/* Undoes all that was done. What cannot be undone is told in a warning. Waits for the cluster, at
 * most a minute and a half for each step; one that does not answer is given up after half a
 * minute. */
void vq_rbd_work_undo (VqRbdWork *work);
void vq_rbd_work_free (VqRbdWork *work);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqRbdWork, vq_rbd_work_free)

/* Each of these waits for the cluster, for half a minute at most unless it says something else. */

/* Makes the image NAME, of SIZE bytes. Fails with VQ_ERROR_EXISTS if it is there. */
gboolean vq_rbd_work_create (VqRbdWork *work, const VqRbdName *name, guint64 size, VqCancel *cancel,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Makes NAME a LUKS volume of the format "luks1" or "luks2", which takes Ceph many seconds. Is not
 * undone. Waits for five minutes at most. */
gboolean vq_rbd_work_encrypt (VqRbdWork *work, const VqRbdName *name, const char *format,
                              const VqDiskSecret *secret, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Makes NAME, which has the contents of PARENT as it is now: by a protected snapshot of it, which
 * is ours. */
gboolean vq_rbd_work_clone (VqRbdWork *work, const VqRbdName *parent, const VqRbdName *name,
                            VqCancel *cancel, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Makes NAME larger: it has SIZE bytes then. Is not undone. */
gboolean vq_rbd_work_grow (VqRbdWork *work, const VqRbdName *name, guint64 size, VqCancel *cancel,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Fails if the cluster does not answer, or has no image NAME. */
gboolean vq_rbd_work_look_for (const VqRbdName *name, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* *USED tells whether ceph.conf lets clients of NAME cache what they write and read. */
gboolean vq_rbd_work_look_at_cache (const VqRbdName *name, gboolean *used, VqCancel *cancel,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;
