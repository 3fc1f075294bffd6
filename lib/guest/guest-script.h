// SPDX-License-Identifier: GPL-2.0-or-later
/* Runs small POSIX shell scripts in the guest, through its channel. */
#pragma once

#include <glib.h>

#include "channel/channel-capture.h"
#include "base/wait.h"

/* Runs SCRIPT with "sh -e", with up to six ARGUMENTS (NULL: none) as $1, $2, ..., and waits for
 * its end. *OUT (may be NULL) gets its stdout, transfer full. An error begins with FAILURE. */
gboolean vq_guest_script_run (VqChannel *channel, const char *script, const char *const *arguments,
                              char **out, gint64 deadline, VqCancel *cancel, const char *failure,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same in two steps, so that other work can be done in between. The first does not wait. Its
 * result must be given to the second, which frees it in any case, or to vq_channel_capture_free. */
VqChannelCapture *vq_guest_script_start (VqChannel *channel, const char *script,
                                         const char *const *arguments, const char *failure,
                                         GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean vq_guest_script_finish (VqChannelCapture *run, char **out, gint64 deadline,
                                 VqCancel *cancel, const char *failure, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Starts SCRIPT with ARGUMENTS in the same way, and does not find out how it ends. */
void vq_guest_script_launch (VqChannel *channel, const char *script, const char *const *arguments);
