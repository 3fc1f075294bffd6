// SPDX-License-Identifier: GPL-2.0-or-later
/* Runs a command in the guest on three descriptors of the caller's, and waits for its end. If you
 * need only its success or its output, use channel-capture. */
#pragma once

#include <glib.h>

#include "channel/channel.h"
#include "base/wait.h"

typedef struct _VqChannelCall VqChannelCall;

/* As vq_channel_start and vq_channel_start_terminal. CHANNEL must live until the command has ended.
 */
VqChannelCall *vq_channel_call_start (VqChannel *channel, const char *const *argv, int in, int out,
                                      int err) G_GNUC_WARN_UNUSED_RESULT;
VqChannelCall *vq_channel_call_start_terminal (VqChannel *channel, const VqTerminal *terminal,
                                               int in, int out) G_GNUC_WARN_UNUSED_RESULT;

/* Kills the command if it still runs. Does not wait. */
void vq_channel_call_free (VqChannelCall *call);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqChannelCall, vq_channel_call_free)

gboolean vq_channel_call_has_ended (VqChannelCall *call);

/* Tells a command on a terminal the new size. Nothing happens when it has ended. */
void vq_channel_call_resize (VqChannelCall *call, guint rows, guint columns);

/* As vq_channel_signal; TRUE when the command has ended. */
gboolean vq_channel_call_signal (VqChannelCall *call, int signum);

/* Waits for the end of the command, and frees CALL even on failure. *END says how it ended; if the
 * channel has failed, this fails with its error instead. Fails with VQ_ERROR_TIMEOUT ("no WHAT
 * within N s") at DEADLINE, or with the reason of CANCEL; the command is then killed. */
gboolean vq_channel_call_finish (VqChannelCall *call, const char *what, gint64 deadline,
                                 VqCancel *cancel, VqEnd *end, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
