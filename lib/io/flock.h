// SPDX-License-Identifier: GPL-2.0-or-later
/* Locks of whole files, as taken by flock (2). Such a lock belongs to the open file, not to a
 * process: whoever gets a copy of the descriptor holds it too, and it ends when the last copy is
 * closed, also because a process was killed. So a child that has a copy can wait for it in our
 * place: flock (1) ends as soon as it has the lock, and then we have it. */
#pragma once

#include "base/wait.h"
#include "io/child.h"

typedef enum
{
  VQ_FLOCK_EXCLUSIVE,
  VQ_FLOCK_SHARED,
} VqFlock;

/* Locks the file FD. *TAKEN is FALSE if locks of others are in the way; does not wait for them. */
gboolean vq_flock_try (int fd, VqFlock how, gboolean *taken, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Starts a child that waits for the lock, without a limit. We have it when the child has ended with
 * exit status 0. FD stays ours. Does not wait. */
VqChild *vq_flock_begin (int fd, VqFlock how, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Locks the file FD, and waits until DEADLINE while locks of others are in the way. */
gboolean vq_flock_wait (int fd, VqFlock how, gint64 deadline, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
