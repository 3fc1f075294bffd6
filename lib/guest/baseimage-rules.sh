# SPDX-License-Identifier: GPL-2.0-or-later
# Adds the udev rules for the disk of --baseimage. $1 is the root, and $2 the serial number. The
# rules run after 60-persistent-storage.rules, which finds out what is on the disk, and before all
# rules that act on that: btrfs, LVM and RAID must not see a second copy of a file system, and
# neither must systemd, which would bind its mount units to it. In /run the rules do not survive a
# reboot. udev needs the reload, because by itself it notices a new file only after some seconds.

command -v udevadm >/dev/null || exit 0
d=$1/run/udev/rules.d
mkdir -p "$d"
sed "s/@SERIAL@/$2/" >"$d/61-virt-qemu-baseimage.rules" <<'END'
# The image that this testbed runs from, unchanged (--baseimage).
SUBSYSTEM!="block", GOTO="baseimage_end"
ACTION=="remove", GOTO="baseimage_end"
ATTRS{serial}!="@SERIAL@", GOTO="baseimage_end"
OPTIONS+="link_priority=-1024"
ENV{ID_FS_TYPE}="", ENV{ID_FS_USAGE}=""
ENV{ID_FS_UUID}="", ENV{ID_FS_UUID_ENC}=""
ENV{SYSTEMD_READY}="0"
ENV{DEVTYPE}=="disk", SYMLINK+="baseimage", MODE="0664"
LABEL="baseimage_end"
END
udevadm control --reload
