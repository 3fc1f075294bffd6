// SPDX-License-Identifier: GPL-2.0-or-later
/* Small POSIX shell scripts that are run in the guest to make a testbed of it. */
#pragma once

#include <glib.h>

#include "channel/channel-capture.h"
#include "base/wait.h"

/* Runs SCRIPT with "sh -e" and ARGUMENTS, up to three (NULL: none), as its $1, $2, ..., and waits
 * for its end. *OUT (may be NULL) gets its stdout, transfer full. An error begins with FAILURE. */
gboolean vq_guest_script_run (VqChannel *channel, const char *script, const char *const *arguments,
                              char **out, gint64 deadline, VqCancel *cancel, const char *failure,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same in two steps, with other things between them. The first does not wait; what it returns
 * is for the second, which frees it in any case, or for vq_channel_capture_free. */
VqChannelCapture *vq_guest_script_start (VqChannel *channel, const char *script,
                                         const char *const *arguments, const char *failure,
                                         GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean vq_guest_script_finish (VqChannelCapture *run, char **out, gint64 deadline,
                                 VqCancel *cancel, const char *failure, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Starts SCRIPT with ARGUMENTS likewise; nobody will know how it ends. */
void vq_guest_script_launch (VqChannel *channel, const char *script, const char *const *arguments);
