# SPDX-License-Identifier: GPL-2.0-or-later
# Waits until nothing is at work that must not be saved in the middle: a program that has locked apt's or
# dpkg's data, for $1 seconds, and then says on stderr which; systemd's jobs, for $2 seconds, and
# then prints their names. If the boot has not ended, jobs were waited for before, so they are not
# waited for again.

# A lock is a line in /proc/locks with the device and the inode of the file.
locked() {
  for file in /var/lib/dpkg/lock-frontend /var/lib/dpkg/lock /var/lib/apt/lists/lock /var/cache/apt/archives/lock; do
    [ -e "$file" ] || continue
    inode=$(stat -c %i "$file")
    while read -r line; do
      case $line in *":$inode "*) echo "$file"; return;; esac
    done </proc/locks
  done
}

now() { read -r seconds _ </proc/uptime; echo "${seconds%.*}"; }

begin=$(now)
while lock=$(locked); [ "$lock" ]; do
  if [ $(($(now) - begin)) -ge "$1" ]; then
    echo "a program has held $lock for $1 seconds" >&2
    exit 1
  fi
  sleep 0.5 2>/dev/null || sleep 1
done

[ -d /run/systemd/system ] && [ "$(systemctl is-system-running 2>/dev/null)" != starting ] || exit 0
begin=$(now)
while jobs=$(systemctl list-jobs --no-legend --no-pager 2>/dev/null); [ "$jobs" ]; do
  if [ $(($(now) - begin)) -ge "$2" ]; then
    echo "$jobs" | while read -r _ unit type _; do printf ' %s/%s' "$unit" "$type"; done
    exit 0
  fi
  sleep 0.5
done
