# SPDX-License-Identifier: GPL-2.0-or-later
# Waits for the disk with the serial number $2 and its link $1/dev/baseimage, where $1 is the
# root. Old versions of udevadm cannot wait for a device, hence the loop. Without udev, a link to
# the kernel's own device node is made.

find_disk() {
  for disk in "$1"/sys/block/*; do
    [ "$(cat "$disk/serial" 2>/dev/null)" != "$2" ] || return 0
  done
  return 1
}

if command -v udevadm >/dev/null; then
  udevadm wait --timeout=60 "$1/dev/baseimage" 2>/dev/null || :
  until [ -e "$1/dev/baseimage" ]; do sleep 0.1; done
  udevadm settle
  find_disk "$@" || exit 0
else
  until find_disk "$@"; do sleep 0.1; done
  ln -sfn "${disk##*/}" "$1/dev/baseimage"
fi

# The rules keep udev from what is on the disk, but LVM, mdadm and btrfs look at all disks
# themselves. LVM then finds the same volume twice and changes nothing in its group any more. So the
# kernel forgets the partitions that belong to one of them. The disk itself stays as it is.
name=${disk##*/}
for partition in "$disk/$name"*; do
  [ -e "$partition/partition" ] || continue
  case $(blkid -p -o value -s TYPE "$1/dev/${partition##*/}" 2>/dev/null) in
    LVM2_member | linux_raid_member | btrfs | bcache | zfs_member)
      partx -d --nr "$(cat "$partition/partition")" "$1/dev/$name" || :
      ;;
  esac
done
