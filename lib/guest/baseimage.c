// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/baseimage.h"

#include "guest/guest-script.h"

/* $1 is the root, and $2 the serial number. The rules run after 60-persistent-storage.rules, which
 * finds out what is on the disk, and before all rules that act on that: btrfs, LVM and RAID must
 * not see a second copy of a file system, and neither must systemd, which would bind its mount
 * units to it. In /run the rules do not survive a reboot. udev needs the reload, because by itself
 * it notices a new file only after some seconds. */
static const char rules_script[]
    = "command -v udevadm >/dev/null || exit 0\n"
      "d=$1/run/udev/rules.d\n"
      "mkdir -p \"$d\"\n"
      "sed \"s/@SERIAL@/$2/\" >\"$d/61-virt-qemu-baseimage.rules\" <<'END'\n"
      "# The image that this testbed runs from, unchanged (--baseimage).\n"
      "SUBSYSTEM!=\"block\", GOTO=\"baseimage_end\"\n"
      "ACTION==\"remove\", GOTO=\"baseimage_end\"\n"
      "ATTRS{serial}!=\"@SERIAL@\", GOTO=\"baseimage_end\"\n"
      "OPTIONS+=\"link_priority=-1024\"\n"
      "ENV{ID_FS_TYPE}=\"\", ENV{ID_FS_USAGE}=\"\"\n"
      "ENV{ID_FS_UUID}=\"\", ENV{ID_FS_UUID_ENC}=\"\"\n"
      "ENV{SYSTEMD_READY}=\"0\"\n"
      "ENV{DEVTYPE}==\"disk\", SYMLINK+=\"baseimage\", MODE=\"0664\"\n"
      "LABEL=\"baseimage_end\"\n"
      "END\n"
      "udevadm control --reload\n";

/* Old versions of udevadm cannot wait for a device, hence the loop. Without udev, a link to the
 * kernel's own device node is made. */
static const char wait_script[]
    = "if command -v udevadm >/dev/null; then\n"
      "  udevadm wait --timeout=60 \"$1/dev/baseimage\" 2>/dev/null || :\n"
      "  until [ -e \"$1/dev/baseimage\" ]; do sleep 0.1; done\n"
      "  udevadm settle\n"
      "  exit\n"
      "fi\n"
      "while :; do\n"
      "  for disk in $1/sys/block/*; do\n"
      "    [ \"$(cat $disk/serial 2>/dev/null)\" = \"$2\" ] || continue\n"
      "    ln -sfn \"${disk##*/}\" \"$1/dev/baseimage\"\n"
      "    exit 0\n"
      "  done\n"
      "  sleep 0.1\n"
      "done\n";

gboolean
vq_baseimage_add_rules (VqChannel *channel, const char *root, gint64 deadline, VqCancel *cancel,
                        GError **error)
{
  const char *const arguments[] = { root, VQ_BASEIMAGE_SERIAL, NULL };

  return vq_guest_script_run (channel, rules_script, arguments, NULL, deadline, cancel,
                              "--baseimage: cannot prepare the guest for it", error);
}

gboolean
vq_baseimage_wait (VqChannel *channel, const char *root, gint64 deadline, VqCancel *cancel,
                   GError **error)
{
  const char *const arguments[] = { root, VQ_BASEIMAGE_SERIAL, NULL };

  return vq_guest_script_run (channel, wait_script, arguments, NULL, deadline, cancel,
                              "--baseimage: the guest does not find the disk", error);
}
