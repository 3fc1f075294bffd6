// SPDX-License-Identifier: GPL-2.0-or-later
/* The lock on a thing that many use and one may take away: shared by the users, exclusive for who
 * removes it, and to be looked at without being touched. The kernel lets go of it when the
 * descriptor is closed, or its process dies (fcntl's locks of open file descriptions). */
#pragma once

#include <glib.h>

typedef enum
{
  VQ_USE_SHARED,
  VQ_USE_EXCLUSIVE,
} VqUse;

/* Takes the lock of the file FD, open to read and write, and stays with FD. *TAKEN is FALSE if
 * others' locks are in the way; does not wait for them. */
gboolean vq_use_lock_take (int fd, VqUse use, gboolean *taken, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Whether anybody holds it but FD. */
gboolean vq_use_lock_is_held (int fd);
