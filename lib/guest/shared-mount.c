// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/shared-mount.h"

#include "guest/guest-script.h"
#include "plan/shared-dir.h"

/* $1 is the mount tag, $2 the mount point, $3 ro or rw. With access=user, a file that a user of the
 * guest makes gets that user's id, and not the id of the user who mounted the directory. */
static const char mount_script[]
    = "[ -d /sys/module/9pnet_virtio ] || modprobe -q 9pnet_virtio 2>/dev/null || :\n"
      "grep -qw 9p /proc/filesystems || modprobe -q 9p 2>/dev/null || :\n"
      "if ! grep -qw 9p /proc/filesystems; then\n"
      "  echo \"the kernel of the guest, $(uname -r), has no 9p file system (Debian's cloud kernels"
      " have none): use another kernel, or leave the option out\" >&2\n"
      "  exit 1\n"
      "fi\n"
      "mkdir -p -- \"$2\"\n"
      "mount -t 9p -o \"$3,trans=virtio,version=9p2000.L,access=user,msize=512000\" \"$1\" "
      "\"$2\"\n";

static gboolean
mount_dir (const VqSharedDir *dir, guint index, VqChannel *channel, gint64 deadline,
           VqCancel *cancel, GError **error)
{
  g_autofree char *tag = vq_shared_dir_build_tag (index);
  g_autofree char *failure
      = g_strdup_printf ("--shared-dir: cannot mount %s in the guest", dir->destination);
  const char *const arguments[] = { tag, dir->destination, dir->writable ? "rw" : "ro", NULL };

  return vq_guest_script_run (channel, mount_script, arguments, NULL, deadline, cancel, failure,
                              error);
}

gboolean
vq_shared_mount_all (const GPtrArray *dirs, VqChannel *channel, gint64 deadline, VqCancel *cancel,
                     GError **error)
{
  for (guint i = 0; i < dirs->len; i++)
    if (!mount_dir (dirs->pdata[i], i, channel, deadline, cancel, error))
      return FALSE;
  return TRUE;
}
