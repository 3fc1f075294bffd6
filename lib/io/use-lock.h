// SPDX-License-Identifier: GPL-2.0-or-later
/* A lock on something that many processes may use and one may remove: users share the lock, and the
 * one that removes takes it exclusively. Others can ask whether it is held without taking it. The
 * kernel releases it when the descriptor is closed or its process dies (fcntl's open file
 * description locks). */
#pragma once

#include <glib.h>

typedef enum
{
  VQ_USE_SHARED,
  VQ_USE_EXCLUSIVE,
} VqUse;

/* Takes the lock on the file FD, which must be open for reading and writing. FD holds the lock from
 * then on. *TAKEN is FALSE if locks of others are in the way; does not wait for them. */
gboolean vq_use_lock_take (int fd, VqUse use, gboolean *taken, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Waits until nobody holds the lock exclusively, without a limit, and without the main loop. */
void vq_use_lock_await (int fd);

/* Whether anybody other than FD holds the lock. */
gboolean vq_use_lock_is_held (int fd);
