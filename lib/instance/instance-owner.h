// SPDX-License-Identifier: GPL-2.0-or-later
/* Who an instance is for: it ends when its owner does. An owner is a process, or whoever has the
 * other end of a pipe or socket; there may be one of each. */
#pragma once

#include "base/cancel.h"

typedef struct
{
  int process_fd; /* a pidfd; -1: none */
  int peer_fd;    /* our end of a pipe or socket; -1: none */
  guint process_id, peer_id;
} VqInstanceOwner;

#define VQ_INSTANCE_OWNER_NONE                                                                     \
  {                                                                                                \
    -1, -1, 0, 0                                                                                   \
  }

/* The process PID becomes the owner: VQ_ERROR_MISSING if there is none. */
gboolean vq_instance_owner_set_process (VqInstanceOwner *owner, int pid, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* So does whoever has the other end of FD, which stays the caller's. VQ_ERROR_USAGE if FD is not
 * open. */
gboolean vq_instance_owner_set_peer (VqInstanceOwner *owner, int fd, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* From now on CANCEL is triggered when one of them ends. Both must outlive that. */
void vq_instance_owner_watch (VqInstanceOwner *owner, VqCancel *cancel);

/* Ends that, and closes the descriptors. */
void vq_instance_owner_clear (VqInstanceOwner *owner);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (VqInstanceOwner, vq_instance_owner_clear)
