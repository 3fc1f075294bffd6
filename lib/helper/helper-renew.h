// SPDX-License-Identifier: GPL-2.0-or-later
/* The requests to the guest helper that are not commands. PORT must be in sync. */
#pragma once

#include <glib.h>

#include "helper/helper-port.h"
#include "base/wait.h"

/* Makes a fork differ from its template: sets its clock to the host's, and gives its kernel fresh
 * random bytes. If the guest took longer than SLACK microseconds to set its clock, it is told the
 * time again, up to three times. Waits until the helper has done all. Fails with VQ_ERROR_PEER if
 * it could not, with VQ_ERROR_TIMEOUT at DEADLINE, with the reason of CANCEL, or with the
 * connection's error. */
gboolean vq_helper_renew (VqHelperPort *port, gint64 slack, gint64 deadline, VqCancel *cancel,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Replaces the guest's machine ID, if it has one, by MACHINE_ID: VQ_HELPER_MACHINE_ID_SIZE
 * hexadecimal digits in lower case (see machine-id(5)). *HAS_HOST_KEYS tells whether it has host
 * keys for ssh, which must differ, too. Waits and fails as vq_helper_renew does. */
gboolean vq_helper_renew_identity (VqHelperPort *port, const char *machine_id,
                                   gboolean *has_host_keys, gint64 deadline, VqCancel *cancel,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;
