# SPDX-License-Identifier: GPL-2.0-or-later
# Waits for the disk with the serial number $1. Mounts it at $2, if that is not empty, for reading
# and writing if $3 is rw. If $4 is not empty and the disk is, makes the file system $4 on it first,
# or $5 if the guest cannot make $4; prints which. $6 is put before all paths; it is "" except in
# tests.

serial=$1 mount_point=$2 mode=$3 fs=$4 other_fs=$5 root=$6

find_disk() {
  for disk in "$root"/sys/block/*; do
    [ "$(cat "$disk/serial" 2>/dev/null)" != "$serial" ] || return 0
  done
  return 1
}

# Every file system that we make has something in the first MiB.
is_empty() {
  [ "$(head -c 1048576 "$1" | tr -d '\0' | wc -c)" -eq 0 ]
}

# There is nothing to discard on a new disk.
make_fs() {
  case $1 in
    xfs | btrfs) "mkfs.$1" -q -K "$2" ;;
    ext?) "mkfs.$1" -q -E nodiscard "$2" ;;
    *) "mkfs.$1" "$2" ;;
  esac
}

# Of a disk without a file system, mount only tells what could be wrong. blkid has the status 2 if it
# finds nothing, and prints nothing if it finds partitions.
mount_disk() {
  ! why=$(mount -o "$mode" "$device" "$root$mount_point" 2>&1) || return 0
  status=0
  found=$(blkid -p -s TYPE "$device" 2>/dev/null) || status=$?
  [ -n "$found" ] || { [ "$status" -ne 0 ] && [ "$status" -ne 2 ]; } || why="there is no file system on the disk as a whole, and an image is not formatted: leave \
mount= and type=filesystem out"
  echo "$why" >&2
  return 1
}

# Old versions of udevadm cannot wait for a device, hence the loop.
if ! find_disk; then
  udevadm wait --timeout=60 "/dev/disk/by-id/virtio-$serial" 2>/dev/null || :
  until find_disk; do sleep 0.1; done
fi
[ -n "$mount_point" ] || exit 0
device=$root/dev/${disk##*/}
! grep -q "^$device " "$root/proc/mounts" || exit 0
PATH=$PATH:/usr/sbin:/sbin

if [ -n "$fs" ] && is_empty "$device"; then
  [ -z "$other_fs" ] || command -v "mkfs.$fs" >/dev/null || fs=$other_fs
  if ! command -v "mkfs.$fs" >/dev/null; then
    echo "there is no mkfs.$fs in the guest: install it there, or choose another one with fs=" >&2
    exit 1
  fi
  make_fs "$fs" "$device" >/dev/null
  echo "$fs"
fi
mkdir -p -- "$root$mount_point"
mount_disk

# Tests that were written for teuthology look for /mnt/test_b.
case $mount_point in
  /mnt/test_vd?) ln -sfn "${mount_point##*/}" "$root/mnt/test_${mount_point#/mnt/test_vd}" ;;
esac
