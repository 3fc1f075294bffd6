# SPDX-License-Identifier: GPL-2.0-or-later
# Takes the test from stdin and runs it, with the words that follow.
#
# The test lies in /mnt/cdrom beside the files of the disk for cloud-init. If there is one, /mnt/cdrom is a directory in
# memory with copies of them, because the disk is read-only. That costs some processes, so it is not done without need.
disk=/dev/disk/by-label/cidata

copy_disk() {
	files=/run/virt-qemu-test
	mkdir -p "$files" /mnt/cdrom
	mount -t tmpfs -o mode=0755 tmpfs "$files"
	if mountpoint -q /mnt/cdrom; then
		cp -R /mnt/cdrom/. "$files"
	else
		mount -o ro "$disk" /mnt/cdrom
		cp -R /mnt/cdrom/. "$files"
		umount /mnt/cdrom
	fi
	mount --bind "$files" /mnt/cdrom
	umount "$files"
}

set -e
[ ! -e "$disk" ] || copy_disk
mkdir -p /mnt/cdrom /mnt/log
cat >/mnt/cdrom/test.sh
chmod 755 /mnt/cdrom/test.sh
[ ! -d /mnt/test_b ] || cd /mnt/test_b
exec /mnt/cdrom/test.sh "$@" </dev/null
