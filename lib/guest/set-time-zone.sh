# SPDX-License-Identifier: GPL-2.0-or-later
# Sets the time zone to $1, if the guest knows it.

[ -e "/usr/share/zoneinfo/$1" ] || exit 0
[ "$(readlink /etc/localtime)" = "/usr/share/zoneinfo/$1" ] && exit 0
[ -w /etc ] || exit 0
ln -fns "/usr/share/zoneinfo/$1" /etc/localtime
if [ -f /etc/timezone ]; then echo "$1" > /etc/timezone; fi
