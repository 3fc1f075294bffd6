// SPDX-License-Identifier: GPL-2.0-or-later
/* What tells a guest from those that were forked from the same template, or copied from it: its
 * machine ID, and the key by which its ssh server is known. */
#pragma once

#include "base/wait.h"
#include "channel/channel.h"
#include "helper/helper-port.h"
#include "io/child.h"

/* Begins to make the host key PATH, or to take the one in the file FROM (ssh/host-key.h). Returns
 * the program of ours that does it (transfer full). Does not wait. */
VqChild *vq_guest_identity_start_key (const char *path, const char *from, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Waits until the key is made, for some milliseconds, and frees CHILD even on failure. */
gboolean vq_guest_identity_finish_key (VqChild *child, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Gives the guest the MACHINE_ID (see machine-id(5)) and, if it has host keys for ssh, the one in
 * the file HOST_KEY in their place. PORT leads to its helper, and CHANNEL to a shell for what the
 * helper does not do itself. */
gboolean vq_guest_identity_renew (VqHelperPort *port, VqChannel *channel, const char *machine_id,
                                  const char *host_key, gint64 deadline, VqCancel *cancel,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* To be called before a guest becomes a template: makes the same faster in its forks. */
gboolean vq_guest_identity_warm (VqChannel *channel, gint64 deadline, VqCancel *cancel,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;
