# SPDX-License-Identifier: GPL-2.0-or-later
# Prints what differs from one boot to the next. systemctl soft-reboot keeps the kernel, and with it
# the boot id; systemd counts these, from version 254 on.

cat /proc/sys/kernel/random/boot_id
systemctl show --property=SoftRebootsCount 2>/dev/null || :
