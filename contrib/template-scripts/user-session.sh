#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# For --template-script: starts the user manager of root and of each ordinary user before the template is saved, so that
# the first login session in a testbed (autopkgtest runs a test's commands in one, by "su") need not start it.
# What a test sees of that: user@UID.service runs from the beginning, and "loginctl show-user" says Linger=yes.
set -eu
command -v loginctl >/dev/null || exit 0
getent passwd | while IFS=: read -r name _ uid _; do
	if [ "$uid" -eq 0 ] || { [ "$uid" -ge 1000 ] && [ "$uid" -lt 60000 ]; }; then
		loginctl enable-linger "$name"
		systemctl start "user@$uid.service"
	fi
done
