#!/bin/sh
# The test: it finds what the task promises, and writes on its disk.
set -ex
[ "$(pwd -P)" = /mnt/test_vdb ]
cat /root/branch /root/written /mnt/cdrom/ceph.conf
[ "$(cat /sys/block/vdb/size) $(cat /sys/block/vdc/size)" = "409600 204800" ]
mountpoint /mnt/test_c
echo data >/mnt/test_b/file
echo kept >/mnt/log/kept
exit "$1"
