# SPDX-License-Identifier: GPL-2.0-or-later
# Saves the scratch directory $1 before a reboot. Only GNU tar leaves out the holes of files, and
# only it knows these options; other guests have busybox's. /var/cache may be read-only. Removing
# the mark comes last, because the waiting test reboots as soon as it is gone.
# shellcheck disable=SC2086 # the options are several words, or none

# a test may have removed it
[ -d "$1" ] || mkdir -m 777 "$1"
options=
if tar --version 2>/dev/null | grep -q GNU; then
  options='--warning=none --sparse --numeric-owner'
fi
for d in /var/cache /home; do
  [ -w $d ] || continue
  tar $options -C / -c -f $d/virt-qemu-scratch.tar "./${1#/}"
  sync $d/virt-qemu-scratch.tar
  rm -f /run/autopkgtest-reboot-prepare-mark
  exit 0
done
echo 'neither /var/cache nor /home is writable' >&2
exit 1
