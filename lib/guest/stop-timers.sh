# SPDX-License-Identifier: GPL-2.0-or-later
# Stops the timers that go by the calendar, and cron, and prints the names of their units.
# systemctl prints a blank line between units, and the properties of a unit in any order. The
# pattern in brackets has all characters that a unit's name may contain. cron is stopped too: if
# the clock jumps forward by up to three hours, it runs everything that it believes to have
# missed. cron's units are given as patterns, because for a plain name that is not loaded systemd
# looks for a file, which takes longer than all the rest.

[ -d /run/systemd/system ] || exit 0
nl='
'
units=$(systemctl show --property=Id,ActiveState,TimersCalendar '*.timer' \
  'cro[n].service' 'cron[d].service' 'croni[e].service')$nl$nl
while [ "$units" ]; do
  unit=$nl${units%%"$nl$nl"*}$nl
  units=${units#*"$nl$nl"}
  id=${unit#*"${nl}Id="} id=${id%%"$nl"*}
  case $id in *[!A-Za-z0-9@:_.\\-]* | '') continue;; esac
  case $unit in *"${nl}ActiveState=active$nl"*) ;; *) continue;; esac
  case $id$unit in
    cron*.service* | *"${nl}TimersCalendar="[!$nl]*) set -- "$@" "$id";;
  esac
done
[ $# -eq 0 ] || systemctl stop -- "$@"
printf %s "$*"
