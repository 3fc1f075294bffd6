// SPDX-License-Identifier: GPL-2.0-or-later
/* A command in the guest that is to succeed, in straight-line code: its output as a string, and if
 * it fails, why. */
#pragma once

#include <glib.h>

#include "channel/channel.h"
#include "base/wait.h"

/* The largest output, in bytes. */
#define VQ_CHANNEL_CAPTURE_MAX (256 * 1024)

typedef struct _VqChannelCapture VqChannelCapture;

/* Starts ARGV. IN becomes its stdin, which is /dev/null for -1, and OUT its stdout, which is
 * captured for -1; both are taken over. CHANNEL must outlive the command. Does not wait. */
VqChannelCapture *vq_channel_capture_start (VqChannel *channel, const char *const *argv, int in,
                                            int out, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Kills the command if it still runs. Does not wait. */
void vq_channel_capture_free (VqChannelCapture *capture);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqChannelCapture, vq_channel_capture_free)

/* Waits, once, for the end of the command. Fails unless its exit status is 0: the error then is
 * "exit status N: the end of its stderr" (VQ_ERROR_PEER), or the channel's own. Fails with
 * VQ_ERROR_TIMEOUT at DEADLINE and with the reason of CANCEL; then the command runs until CAPTURE
 * is freed. */
gboolean vq_channel_capture_wait (VqChannelCapture *capture, gint64 deadline, VqCancel *cancel,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* After that: its exit status, or -1 if it did not exit. */
int vq_channel_capture_get_status (VqChannelCapture *capture);

/* Waits, and frees CAPTURE in any case. *OUT (may be NULL) gets stdout. The error begins with the
 * name of the program. */
gboolean vq_channel_capture_finish (VqChannelCapture *capture, char **out, gint64 deadline,
                                    VqCancel *cancel, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Does all of this for ARGV, with nothing to read. */
gboolean vq_channel_capture (VqChannel *channel, const char *const *argv, char **out,
                             gint64 deadline, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
