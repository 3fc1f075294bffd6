// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest-timers.h"

#include "guest-script.h"

/* The properties of one unit come in any order, then a blank line. Those in the pattern are all the
 * characters that a unit's name may have. cron goes by the calendar too: if the clock goes forward
 * by up to three hours, it makes up for all that it takes for missed. */
static const char stop_timers_script[]
    = "[ -d /run/systemd/system ] || exit 0\n"
      "systemctl show --property=Id,ActiveState,TimersCalendar '*.timer' \\\n"
      "    cron.service crond.service cronie.service |\n"
      "  { while :; do\n"
      "      line=; read -r line || last=1\n"
      "      case $line in\n"
      "        Id=*[!A-Za-z0-9@:_.\\\\-]*) ;;\n"
      "        Id=cron*.service) id=${line#Id=}; calendar=1;;\n"
      "        Id=*) id=${line#Id=};;\n"
      "        ActiveState=active) active=1;;\n"
      "        TimersCalendar=?*) calendar=1;;\n"
      "        '') [ -z \"$id\" -o -z \"$active\" -o -z \"$calendar\" ] || set -- \"$@\" \"$id\"\n"
      "            id= active= calendar=;;\n"
      "      esac\n"
      "      [ -z \"$last\" ] || break\n"
      "    done\n"
      "    shift\n"
      "    [ $# -eq 0 ] || systemctl stop -- \"$@\"\n"
      "    printf %s \"$*\"; }\n";

/* A timer that is to make up for what it missed takes the stamp for its last time. It was there, or
 * made, when the guest booted. */
static const char start_timers_script[] = "set -f\n"
                                          "for timer in $1; do\n"
                                          "  stamp=/var/lib/systemd/timers/stamp-$timer\n"
                                          "  [ ! -e \"$stamp\" ] || touch \"$stamp\"\n"
                                          "done\n"
                                          "exec systemctl start --no-block -- $1\n";

gboolean
vq_guest_timers_stop (VqChannel *channel, char **timers, gint64 deadline, VqCancel *cancel,
                      GError **error)
{
  return vq_guest_script_run (channel, stop_timers_script, "", timers, deadline, cancel,
                              "stop the guest's timers", error);
}

void
vq_guest_timers_start (VqChannel *channel, const char *timers)
{
  if (timers[0] != '\0')
    vq_guest_script_launch (channel, start_timers_script, timers);
}
