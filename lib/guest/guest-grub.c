// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/guest-grub.h"

#include "guest/guest-script.h"

/* $1 is the root. The boot disk is the first disk. grub-mkdevicemap, if it exists, prints it with
 * the name that grub-pc prefers, and replaces a map of disks that comes from another machine. */
static const char script[] = "[ -d \"$1/usr/lib/grub/i386-pc\" ] || exit 0\n"
                             "command -v debconf-set-selections >/dev/null || exit 0\n"
                             "disk=\n"
                             "if command -v grub-mkdevicemap >/dev/null; then\n"
                             "  grub-mkdevicemap >/dev/null 2>&1 || :\n"
                             "  disk=$(grub-mkdevicemap -m - 2>/dev/null |\n"
                             "    sed -n 's/^(hd[0-9]*)[[:blank:]]*//p' | head -n 1) || :\n"
                             "fi\n"
                             "for name in vda sda; do\n"
                             "  [ -z \"$disk\" ] && [ -e \"$1/dev/$name\" ] && disk=/dev/$name\n"
                             "done\n"
                             "[ -n \"$disk\" ] || exit 0\n"
                             "for question in install_devices install_devices_disks_changed; do\n"
                             "  echo \"grub-pc grub-pc/$question multiselect $disk\"\n"
                             "  echo \"grub-pc grub-pc/$question seen true\"\n"
                             "done | debconf-set-selections >/dev/null 2>&1 || :\n";

gboolean
vq_guest_grub_prepare (VqChannel *channel, const char *root, gint64 deadline, VqCancel *cancel,
                       GError **error)
{
  const char *const arguments[] = { root, NULL };

  return vq_guest_script_run (channel, script, arguments, NULL, deadline, cancel,
                              "cannot tell the guest where GRUB is", error);
}
