// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/guest-timers.h"

#include "guest/guest-script.h"

#define STOP_FAILURE "cannot stop the guest's timers"

/* systemctl prints a blank line between units, and the properties of a unit in any order. The
 * pattern in brackets has all characters that a unit's name may contain. cron is stopped too: if
 * the clock jumps forward by up to three hours, it runs everything that it believes to have missed.
 * cron's units are given as patterns, because for a plain name that is not loaded systemd looks for
 * a file, which takes longer than all the rest. */
static const char stop_timers_script[]
    = "[ -d /run/systemd/system ] || exit 0\n"
      "nl='\n'\n"
      "units=$(systemctl show --property=Id,ActiveState,TimersCalendar '*.timer' \\\n"
      "  'cro[n].service' 'cron[d].service' 'croni[e].service')$nl$nl\n"
      "while [ \"$units\" ]; do\n"
      "  unit=$nl${units%%$nl$nl*}$nl\n"
      "  units=${units#*$nl$nl}\n"
      "  id=${unit#*${nl}Id=} id=${id%%$nl*}\n"
      "  case $id in *[!A-Za-z0-9@:_.\\\\-]* | '') continue;; esac\n"
      "  case $unit in *\"${nl}ActiveState=active$nl\"*) ;; *) continue;; esac\n"
      "  case $id$unit in\n"
      "    cron*.service* | *\"${nl}TimersCalendar=\"[!$nl]*) set -- \"$@\" \"$id\";;\n"
      "  esac\n"
      "done\n"
      "[ $# -eq 0 ] || systemctl stop -- \"$@\"\n"
      "printf %s \"$*\"\n";

/* A timer with Persistent=yes runs what it has missed since the time of its stamp file, so the
 * stamp is set to now. It exists since the guest booted. */
static const char start_timers_script[] = "set -f\n"
                                          "for timer in $1; do\n"
                                          "  stamp=/var/lib/systemd/timers/stamp-$timer\n"
                                          "  [ ! -e \"$stamp\" ] || touch \"$stamp\"\n"
                                          "done\n"
                                          "exec systemctl start --no-block -- $1\n";

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
