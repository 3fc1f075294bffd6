// SPDX-License-Identifier: GPL-2.0-or-later
/* What else the guest helper does for us than to run commands. PORT must be in sync. Each waits
 * until the helper has done it, and fails with VQ_ERROR_PEER if it could not, VQ_ERROR_TIMEOUT at
 * DEADLINE, the reason of CANCEL, or what the connection failed for. */
#pragma once

#include <glib.h>

#include "helper-port.h"
#include "wait.h"

/* Sets the guest's clock to ours. */
gboolean vq_helper_request_set_clock (VqHelperPort *port, gint64 deadline, VqCancel *cancel,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Gives the guest's kernel fresh random bytes of ours. */
gboolean vq_helper_request_add_entropy (VqHelperPort *port, gint64 deadline, VqCancel *cancel,
                                        GError **error) G_GNUC_WARN_UNUSED_RESULT;
