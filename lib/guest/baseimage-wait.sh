# SPDX-License-Identifier: GPL-2.0-or-later
# Waits for the disk with the serial number $2 and its link $1/dev/baseimage, where $1 is the
# root. Old versions of udevadm cannot wait for a device, hence the loop. Without udev, a link to
# the kernel's own device node is made.

if command -v udevadm >/dev/null; then
  udevadm wait --timeout=60 "$1/dev/baseimage" 2>/dev/null || :
  until [ -e "$1/dev/baseimage" ]; do sleep 0.1; done
  udevadm settle
  exit
fi
while :; do
  for disk in "$1"/sys/block/*; do
    [ "$(cat "$disk/serial" 2>/dev/null)" = "$2" ] || continue
    ln -sfn "${disk##*/}" "$1/dev/baseimage"
    exit 0
  done
  sleep 0.1
done
