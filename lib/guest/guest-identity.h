// SPDX-License-Identifier: GPL-2.0-or-later
/* What tells a guest from those that were forked from the same template, or copied from it: its
 * machine ID, and the keys by which its ssh server is known. */
#pragma once

#include "base/wait.h"
#include "channel/channel.h"
#include "helper/helper-port.h"

/* Gives the guest the MACHINE_ID (see machine-id(5)) and new host keys, if it has such things. PORT
 * leads to its helper, and CHANNEL to a shell for what the helper does not do itself. */
gboolean vq_guest_identity_renew (VqHelperPort *port, VqChannel *channel, const char *machine_id,
                                  gint64 deadline, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* To be called before a guest becomes a template: makes the same faster in its forks. */
gboolean vq_guest_identity_warm (VqChannel *channel, gint64 deadline, VqCancel *cancel,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;
