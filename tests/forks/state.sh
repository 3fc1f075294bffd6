# SPDX-License-Identifier: GPL-2.0-or-later
# Runs in a guest: prints what can be seen of its state, and does not change with time, in parts: "== NAME", then its lines.

part() { echo "== $1"; shift; "$@" 2>/dev/null | LC_ALL=C sort; }
part processes sh -c "ps -eo user,tty,args --no-headers | grep -v '\[.*\]\$\|ps -eo\|grep -v\|sort$\|sh -[cs]'"
part kernel-threads sh -c "ps -eo args --no-headers | grep '^\[' | sed 's/[:/].*//; /^\[kworker/d' | uniq"
part mounts cat /proc/self/mounts
part units sh -c "systemctl list-units --all --no-legend --plain | awk '{ print \$1, \$2, \$3, \$4 }'"
part jobs systemctl list-jobs --no-legend
part timers systemctl show --property=Id,LastTriggerUSec,LastTriggerUSecMonotonic '*.timer'
part settings sysctl -a
part run find /run -printf '%p %M %u %g\n'
part files find /boot /etc /home /mnt /opt /root /srv /tmp /var -not -path '/var/log/journal/*' -printf '%p %M %u %g %s\n'
part devices find /dev -printf '%p %M %u %g\n'
part sysfs find /sys/class /sys/block /sys/bus/*/devices
part addresses ip -o addr
part routes sh -c 'ip route; ip -6 route'
part resolver cat /etc/resolv.conf
part sockets sh -c "ss -Hlntux | awk '\$2 == \"LISTEN\" || \$1 == \"udp\" { print \$1, \$5 }'"
part sessions sh -c 'loginctl list-sessions --no-legend; loginctl list-users --no-legend; who'
part modules sh -c "awk '{ print \$1, \$2, \$3, \$4 }' /proc/modules"
part clock-source cat /sys/devices/system/clocksource/clocksource0/current_clocksource
part memory grep MemTotal /proc/meminfo
part environment env
part mask umask
for name in cgroups cmdline consoles cpuinfo crypto devices dma driver/rtc execdomains fb filesystems iomem ioports \
	key-users misc mtrr partitions swaps version self/limits 1/limits self/cgroup self/status; do
	part "/proc/$name" cat "/proc/$name"
done
