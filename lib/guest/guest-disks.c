// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/guest-disks.h"

#include <string.h>

#include "disk/disk.h"
#include "guest/guest-script.h"

#define DEFAULT_FS "xfs"
#define OTHER_FS "ext4"

static const char script[] =
#include "guest/set-up-disk.sh.inc"
    ;

/* *MADE is the file system that DISK has got, or "". */
static gboolean
set_up (const VqDisk *disk, char **made, VqChannel *channel, gint64 deadline, VqCancel *cancel,
        GError **error)
{
  const VqDiskSpec *spec = disk->spec;
  gboolean by_default = spec->fs == NULL;
  const char *mount = spec->mount != NULL ? spec->mount : "";
  const char *fs = vq_disk_spec_get_image (spec) != NULL ? "" : by_default ? DEFAULT_FS : spec->fs;
  const char *const arguments[] = {
    spec->name, mount, spec->read_only ? "ro" : "rw", fs, by_default ? OTHER_FS : "", "", NULL
  };
  g_autofree char *failure
      = *mount != '\0'
            ? g_strdup_printf ("--disk: cannot mount %s at %s in the guest", spec->name, mount)
            : g_strdup_printf ("--disk: the guest does not find %s", spec->name);

  return vq_guest_script_run (channel, script, arguments, made, deadline, cancel, failure, error);
}

gboolean
vq_guest_disks_set_up_one (const VqDisk *disk, gboolean *warned, VqChannel *channel,
                           gint64 deadline, VqCancel *cancel, GError **error)
{
  g_autofree char *made = NULL;

  if (!set_up (disk, &made, channel, deadline, cancel, error))
    return FALSE;
  if (!*warned && disk->spec->fs == NULL && strcmp (g_strchomp (made), OTHER_FS) == 0)
    {
      g_warning ("--disk: the guest has no mkfs." DEFAULT_FS ", so its disks have " OTHER_FS
                 ": install xfsprogs in it, or say fs=" OTHER_FS);
      *warned = TRUE;
    }
  return TRUE;
}

gboolean
vq_guest_disks_set_up (const GPtrArray *disks, VqChannel *channel, gint64 deadline,
                       VqCancel *cancel, GError **error)
{
  gboolean warned = FALSE;

  for (guint i = 0; i < disks->len; i++)
    {
      const VqDisk *disk = disks->pdata[i];

      if (disk->spec->type == VQ_DISK_FILESYSTEM
          && !vq_guest_disks_set_up_one (disk, &warned, channel, deadline, cancel, error))
        return FALSE;
    }
  return TRUE;
}
