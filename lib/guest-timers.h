// SPDX-License-Identifier: GPL-2.0-or-later
/* What a guest's system starts by the clock, which is set in each copy of it. */
#pragma once

#include <glib.h>

#include "channel.h"
#include "wait.h"

/* Stops the timers that go by the calendar, and cron, so that nothing fires when the clock of a
 * copy of this guest is set; *TIMERS gets their names, blanks between them. Only with systemd. */
gboolean vq_guest_timers_stop (VqChannel *channel, char **timers, gint64 deadline, VqCancel *cancel,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Starts them again, when the clock is right. None fires for the time since they were stopped. Does
 * not wait for it; a failure is not told. */
void vq_guest_timers_start (VqChannel *channel, const char *timers);
