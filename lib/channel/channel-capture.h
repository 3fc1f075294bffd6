// SPDX-License-Identifier: GPL-2.0-or-later
/* Runs a command in the guest that should succeed, waits for it, and returns its output as a
 * string, or the reason why it failed. */
#pragma once

#include <glib.h>

#include "channel/channel.h"
#include "base/wait.h"

/* The largest output, in bytes. */
#define VQ_CHANNEL_CAPTURE_MAX (256 * 1024)

typedef struct _VqChannelCapture VqChannelCapture;

/* Starts ARGV. IN becomes its stdin; -1 means /dev/null. OUT becomes its stdout; -1 means that it
 * is captured. Both are taken over. CHANNEL must outlive the command. Does not wait. */
VqChannelCapture *vq_channel_capture_start (VqChannel *channel, const char *const *argv, int in,
                                            int out, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Kills the command if it still runs. Does not wait. */
void vq_channel_capture_free (VqChannelCapture *capture);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqChannelCapture, vq_channel_capture_free)

/* Waits for the end of the command; call it only once. If the exit status is not 0, the error is
 * "exit status N: the end of its stderr" (VQ_ERROR_PEER); if the channel fails, it is the
 * channel's. At DEADLINE it is VQ_ERROR_TIMEOUT, and the reason of CANCEL when that is triggered;
 * in both cases the command runs on until CAPTURE is freed. */
gboolean vq_channel_capture_wait (VqChannelCapture *capture, gint64 deadline, VqCancel *cancel,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* After that, returns the exit status, or -1 if the command did not exit. */
int vq_channel_capture_get_status (VqChannelCapture *capture);

/* Waits, and frees CAPTURE even on failure. Sets *OUT (may be NULL) to stdout. The error begins
 * with the name of the program. */
gboolean vq_channel_capture_finish (VqChannelCapture *capture, char **out, gint64 deadline,
                                    VqCancel *cancel, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Does all of this for ARGV, with an empty stdin. */
gboolean vq_channel_capture (VqChannel *channel, const char *const *argv, char **out,
                             gint64 deadline, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
