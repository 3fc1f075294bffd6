// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/guest-timers.h"

#include "guest/guest-script.h"

#define STOP_FAILURE "cannot stop the guest's timers"

static const char stop_timers_script[] =
#include "guest/stop-timers.sh.inc"
    ;

static const char start_timers_script[] =
#include "guest/start-timers.sh.inc"
    ;

VqChannelCapture *
vq_guest_timers_begin_stop (VqChannel *channel, GError **error)
{
  return vq_guest_script_start (channel, stop_timers_script, NULL, STOP_FAILURE, error);
}

gboolean
vq_guest_timers_end_stop (VqChannelCapture *stop, char **timers, gint64 deadline, VqCancel *cancel,
                          GError **error)
{
  return vq_guest_script_finish (stop, timers, deadline, cancel, STOP_FAILURE, error);
}

void
vq_guest_timers_start (VqChannel *channel, const char *timers)
{
  const char *const arguments[] = { timers, NULL };

  if (timers[0] != '\0')
    vq_guest_script_launch (channel, start_timers_script, arguments);
}
