// SPDX-License-Identifier: GPL-2.0-or-later
/* What a guest's system starts by the clock, which is set in each copy of it. */
#pragma once

#include <glib.h>

#include "channel/channel-capture.h"
#include "base/wait.h"

/* Stops the timers that go by the calendar, and cron, so that nothing fires when the clock of a
 * copy of this guest is set. Only with systemd. Does not wait: other things can be done in the
 * guest meanwhile. The result is for vq_guest_timers_end_stop, or for vq_channel_capture_free. */
VqChannelCapture *vq_guest_timers_begin_stop (VqChannel *channel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Waits until they have been stopped, and frees STOP in any case; *TIMERS gets their names, blanks
 * between them. */
gboolean vq_guest_timers_end_stop (VqChannelCapture *stop, char **timers, gint64 deadline,
                                   VqCancel *cancel, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Starts them again, when the clock is right. None fires for the time since they were stopped. Does
 * not wait for it; a failure is not told. */
void vq_guest_timers_start (VqChannel *channel, const char *timers);
