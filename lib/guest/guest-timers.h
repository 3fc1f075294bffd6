// SPDX-License-Identifier: GPL-2.0-or-later
/* Timers and cron in the guest, which would all fire when a fork's clock is set. */
#pragma once

#include <glib.h>

#include "channel/channel-capture.h"
#include "base/wait.h"

/* Stops cron and the timers that follow the calendar, so that nothing fires when the clock of a
 * fork is set. Only with systemd. Does not wait, so that other things can be done in the guest
 * meanwhile. The result must be given to vq_guest_timers_end_stop or vq_channel_capture_free. */
VqChannelCapture *vq_guest_timers_begin_stop (VqChannel *channel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Waits until they have stopped, and frees STOP in any case. *TIMERS gets their names, with blanks
 * between them. */
gboolean vq_guest_timers_end_stop (VqChannelCapture *stop, char **timers, gint64 deadline,
                                   VqCancel *cancel, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Starts them again. The clock must be right by now. No timer fires for the time in which it was
 * stopped. Does not wait, and reports no failure. */
void vq_guest_timers_start (VqChannel *channel, const char *timers);
