# SPDX-License-Identifier: GPL-2.0-or-later
# Mounts a directory of the host. $1 is the mount tag, $2 the mount point, $3 ro or rw. With
# access=user, a file that a user of the guest makes gets that user's id, and not the id of the
# user who mounted the directory. Without cache=mmap, a file cannot be mapped into memory for writing
# (MAP_SHARED), which SQLite and apt do, for example. Where nothing is written nothing is cached.

[ -d /sys/module/9pnet_virtio ] || modprobe -q 9pnet_virtio 2>/dev/null || :
grep -qw 9p /proc/filesystems || modprobe -q 9p 2>/dev/null || :
if ! grep -qw 9p /proc/filesystems; then
  echo "the kernel of the guest, $(uname -r), has no 9p file system (Debian's cloud kernels have none): use another kernel, or leave the option out" >&2
  exit 1
fi
mkdir -p -- "$2"
cache=none
[ "$3" = ro ] || cache=mmap
mount -t 9p -o "$3,trans=virtio,version=9p2000.L,access=user,msize=512000,cache=$cache" "$1" "$2"
