# SPDX-License-Identifier: GPL-2.0-or-later
# Waits for at most $1 seconds until cloud-init has done all its work, and prints how that went: a word, and after it
# its own report, where there is one: two files, each of them one JSON object, and the last line of its log.
#   missing    there is no cloud-init
#   off        it does not run at this boot
#   works      it has not ended within that time
#   ended      it has

command -v cloud-init >/dev/null || { echo missing; exit; }
[ ! -e /run/cloud-init/disabled ] || { echo off; exit; }
word=ended
timeout -s KILL "$1" cloud-init status --wait >/dev/null 2>&1 || [ $? != 137 ] || word=works
echo "$word"
cat /run/cloud-init/status.json 2>/dev/null || echo '{}'
printf '\036\n'
cat /run/cloud-init/result.json 2>/dev/null || echo '{}'
printf '\036\n'
tail -n 1 /var/log/cloud-init.log 2>/dev/null || :
