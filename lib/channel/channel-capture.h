// SPDX-License-Identifier: GPL-2.0-or-later
/* A command in the guest whose output is wanted as a string, in straight-line code. */
#pragma once

#include <glib.h>

#include "channel/channel.h"
#include "base/wait.h"

/* The largest output, in bytes. */
#define VQ_CHANNEL_RUN_MAX (256 * 1024)

typedef struct _VqChannelRun VqChannelCapture;

/* Starts ARGV with INPUT (may be NULL) as its stdin; CHANNEL must outlive the result. Does not
 * wait. */
VqChannelCapture *vq_channel_capture_start (VqChannel *channel, const char *const *argv,
                                            const char *input, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Kills the command if it still runs. Does not wait. */
void vq_channel_capture_free (VqChannelCapture *run);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqChannelCapture, vq_channel_capture_free)

/* Waits for the end of RUN, and frees it in any case. *OUT (may be NULL) gets stdout as a string.
 * Succeeds only for exit status 0; otherwise the error holds the end of its stderr. Fails with
 * VQ_ERROR_TIMEOUT at DEADLINE, after killing the command. */
gboolean vq_channel_capture_finish (VqChannelCapture *run, char **out, gint64 deadline,
                                    VqCancel *cancel, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Both. */
gboolean vq_channel_capture (VqChannel *channel, const char *const *argv, const char *input,
                             char **out, gint64 deadline, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
