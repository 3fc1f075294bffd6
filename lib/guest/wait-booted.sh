# SPDX-License-Identifier: GPL-2.0-or-later
# Waits until the system has booted: systemd or sysvinit. systemctl's exit status is 0 only in the
# state "running", so it is ignored.

if [ -d /run/systemd/system ]; then
  while :; do
    state=$(systemctl is-system-running --wait 2>/dev/null) || :
    case $state in
      running|degraded) exit 0;;
      maintenance) echo 'the guest is in rescue or emergency mode' >&2; exit 1;;
    esac
    sleep 0.2
  done
fi
until runlevel | grep -q ' [2-5]$'; do sleep 0.2; done
while pgrep -f '/etc/init[.]d/rc' >/dev/null; do sleep 0.2; done
