// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/shared-mount.h"

#include "guest/guest-script.h"
#include "plan/shared-dir.h"

static const char mount_script[] =
#include "guest/mount-shared.sh.inc"
    ;

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
