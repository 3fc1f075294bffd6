// SPDX-License-Identifier: GPL-2.0-or-later
/* What else the guest helper does for us than to run commands. PORT must be in sync. */
#pragma once

#include <glib.h>

#include "helper/helper-port.h"
#include "base/wait.h"

/* Makes a fork of a saved guest one of its own: its clock is set to ours, and its kernel gets fresh
 * random bytes. Waits until the helper has done both, and fails with VQ_ERROR_PEER if it could not,
 * VQ_ERROR_TIMEOUT at DEADLINE, the reason of CANCEL, or what the connection failed for. */
gboolean vq_helper_renew (VqHelperPort *port, gint64 deadline, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
