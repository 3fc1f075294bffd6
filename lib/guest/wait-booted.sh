# SPDX-License-Identifier: GPL-2.0-or-later
# Waits until the system has booted: systemd or sysvinit. If systemd's jobs have not changed for $1
# seconds, and people could log in already, some job never ends: its name is printed, and the boot
# counts as over. After $2 seconds it is over in the same way, or has failed. systemctl's exit status
# is 0 only in the state "running", so it is ignored. Versions before 240 do not know --wait.
# cloud-init may leave a process behind that reboots the system as soon as it has booted (power_state). This script
# is in the command line of its shell, so pgrep's pattern must match nothing in it.

if [ -d /run/systemd/system ]; then
  cloud_init_works() { [ -d /run/cloud-init/ ] && pgrep -f '/cloud-ini[t]( |$)' >/dev/null; }
  read -r begin _ </proc/uptime
  begin=${begin%.*} since=${begin%.*} last=
  while :; do
    state=$(timeout 2 systemctl is-system-running --wait 2>/dev/null) || :
    case $state in
      running|degraded) cloud_init_works || exit 0;;
      maintenance) echo 'the guest is in rescue or emergency mode' >&2; exit 1;;
    esac
    jobs=$(systemctl list-jobs --no-legend --no-pager 2>/dev/null) || :
    read -r now _ </proc/uptime
    now=${now%.*}
    [ "$jobs" = "$last" ] || last=$jobs since=$now
    if [ $((now - since)) -ge "$1" ] || [ $((now - begin)) -ge "$2" ]; then
      names=$(echo "$jobs" | while read -r _ unit type state; do
        [ "$state" != running ] || printf ' %s/%s' "$unit" "$type"
      done)
      names=${names:- none of them runs}
      ! systemctl -q is-active multi-user.target getty.target || { echo "$names"; exit 0; }
      [ $((now - begin)) -lt "$2" ] || { echo "systemd's jobs do not end:$names" >&2; exit 1; }
    fi
    sleep 0.2
  done
fi
until runlevel | grep -q ' [2-5]$'; do sleep 0.2; done
while pgrep -f '/etc/init[.]d/rc' >/dev/null; do sleep 0.2; done
