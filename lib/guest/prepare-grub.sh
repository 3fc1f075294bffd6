# SPDX-License-Identifier: GPL-2.0-or-later
# Answers the questions of grub-pc about its disk, so that an upgrade does not ask them. $1 is the
# root. The boot disk is the first disk. grub-mkdevicemap, if it exists, prints it with the name
# that grub-pc prefers, and replaces a map of disks that comes from another machine.

[ -d "$1/usr/lib/grub/i386-pc" ] || exit 0
command -v debconf-set-selections >/dev/null || exit 0
disk=
if command -v grub-mkdevicemap >/dev/null; then
  grub-mkdevicemap >/dev/null 2>&1 || :
  disk=$(grub-mkdevicemap -m - 2>/dev/null |
    sed -n 's/^(hd[0-9]*)[[:blank:]]*//p' | head -n 1) || :
fi
for name in vda sda; do
  [ -z "$disk" ] && [ -e "$1/dev/$name" ] && disk=/dev/$name
done
[ -n "$disk" ] || exit 0
for question in install_devices install_devices_disks_changed; do
  echo "grub-pc grub-pc/$question multiselect $disk"
  echo "grub-pc grub-pc/$question seen true"
done | debconf-set-selections >/dev/null 2>&1 || :
