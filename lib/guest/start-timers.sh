# SPDX-License-Identifier: GPL-2.0-or-later
# Starts the units in $1, which has blanks between their names. A timer with Persistent=yes runs
# what it has missed since the time of its stamp file, so the stamp is set to now. It exists since
# the guest booted.
# shellcheck disable=SC2086 # set -f lets the shell split $1, and do nothing else to it

set -f
for timer in $1; do
  stamp=/var/lib/systemd/timers/stamp-$timer
  [ ! -e "$stamp" ] || touch "$stamp"
done
exec systemctl start --no-block -- $1
