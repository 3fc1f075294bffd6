#!/bin/sh
# The test: it finds what the task promises, and writes on its disk.
set -ex
[ "$(pwd -P)" = /mnt/test_vdb ]
cat /root/branch /root/written /mnt/cdrom/ceph.conf
[ "$(cat /sys/block/vdb/size) $(cat /sys/block/vdc/size)" = "819200 204800" ]
[ "$(findmnt -n -o FSTYPE /mnt/test_vdb) $(findmnt -n -o FSTYPE /mnt/test_vdc)" = "xfs ext4" ]
ip -4 -o address show test7 | grep "192.0.2.7/24"
echo data >/mnt/test_b/file
echo kept >/mnt/log/kept
exit "$1"
