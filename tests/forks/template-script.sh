#!/bin/sh -e
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs in the guest before it is saved: its clock is two days slow then, so that each fork's clock jumps over days in
# which these timers were due. Now they are due in twelve hours. The second makes up for what it has missed.

date -s '-2 days' >/dev/null
cd /etc/systemd/system
for name in often often-more; do
	printf '[Service]\nType=oneshot\nExecStart=/bin/touch /run/fired-%s\n' $name >$name.service
done
at=$(date -d '+12 hours' +%H:%M)
printf '[Timer]\nOnCalendar=%s\n' "$at" >often.timer
printf '[Timer]\nOnCalendar=%s\nPersistent=true\n' "$at" >often-more.timer
systemctl daemon-reload
systemctl start often.timer often-more.timer
