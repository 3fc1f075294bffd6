// SPDX-License-Identifier: GPL-2.0-or-later
/* Who has locked an instance. An owner is a word that people agree on, "user@host", and no
 * permission: all instances of a directory belong to the same user of this host. */
#pragma once

#include "instance/instance.h"

/* The owner if none is given: the user and the host on which we run. Transfer full. */
char *vq_lock_owner_get_default (void);

/* Whether OWNER (NULL: the default) may end the lock of INSTANCE, whose description is DESC if that
 * is not NULL. Fails with VQ_ERROR_BUSY if another one has it, or nobody. */
gboolean vq_lock_owner_check (VqInstance *instance, const char *owner, const char *desc,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Whether INSTANCE can be removed without being unlocked: fails with VQ_ERROR_BUSY if it is locked
 * by another one than the default owner. */
gboolean vq_lock_owner_check_removal (VqInstance *instance, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
