// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/late-disks.h"

#include "disk/file-storage.h"
#include "disk/rbd-storage.h"
#include "guest/guest-disks.h"
#include "io/log.h"
#include "io/workdir.h"

struct _VqLateDisks
{
  const VqPlan *plan;
  VqWorkdir *workdir;  /* of the files, unless they are an instance's; NULL: not yet */
  GPtrArray *storages; /* VqDiskStorage, one for each disk; NULL: not yet */
  gboolean warned;     /* that the guest cannot make the usual file system */
};

static void
storage_free (gpointer data)
{
  VqDiskStorage *storage = data;

  storage->class->free (storage);
}

VqLateDisks *
vq_late_disks_new (const VqPlan *plan)
{
  VqLateDisks *late = g_new0 (VqLateDisks, 1);

  late->plan = plan;
  return late;
}

/* Removes what a guest that has ended has left, clones before their parents. */
static void
discard_all (VqLateDisks *late)
{
  for (guint i = late->storages != NULL ? late->storages->len : 0; i-- > 0;)
    {
      VqDiskStorage *storage = late->storages->pdata[i];

      if (storage->class->discard != NULL)
        storage->class->discard (storage);
    }
}

void
vq_late_disks_free (VqLateDisks *late)
{
  if (late == NULL)
    return;
  discard_all (late);
  g_clear_pointer (&late->storages, g_ptr_array_unref);
  vq_workdir_free (late->workdir);
  g_free (late);
}

static gboolean
make_storages (VqLateDisks *late, GError **error)
{
  const char *directory = late->plan->disk_dir;

  if (directory == NULL)
    {
      late->workdir = vq_workdir_new (late->plan->options->overlay_dir, error);
      if (late->workdir == NULL)
        return FALSE;
      directory = vq_workdir_get_path (late->workdir);
    }
  late->storages = g_ptr_array_new_with_free_func (storage_free);
  for (guint i = 0; i < late->plan->late_disks->len; i++)
    {
      g_autofree char *id = g_strdup_printf ("vq-late%u", i);
      const VqDisk *disk = late->plan->late_disks->pdata[i];

      g_ptr_array_add (late->storages, vq_disk_spec_is_rbd (disk->spec)
                                           ? vq_rbd_storage_new (disk, id)
                                           : vq_file_storage_new (disk, directory, id,
                                                                  late->plan->disk_dir != NULL));
    }
  return TRUE;
}

gboolean
vq_late_disks_prepare (VqLateDisks *late, gboolean is_new, VqCancel *cancel, GError **error)
{
  if (late->plan->late_disks->len == 0)
    return TRUE;
  if (late->storages == NULL)
    {
      vq_log_progress ("making the guest's encrypted disks, and those in Ceph");
      if (!make_storages (late, error))
        return FALSE;
    }
  if (is_new)
    discard_all (late);
  for (guint i = 0; i < late->storages->len; i++)
    {
      VqDiskStorage *storage = late->storages->pdata[i];

      if (is_new ? !storage->class->renew (storage, cancel, error)
                 : !storage->class->take (storage, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
plug (VqGuest *guest, guint index, VqDiskStorage *storage, gint64 deadline, GError **error)
{
  g_autoptr (VqDiskNodes) nodes = storage->class->describe (storage, error);

  return nodes != NULL && vq_guest_plug_late_disk (guest, index, nodes, deadline, error);
}

/* The guest finds disks that come at the same time in any order, and their letters would change. */
gboolean
vq_late_disks_plug (VqLateDisks *late, VqGuest *guest, gint64 deadline, GError **error)
{
  for (guint i = 0; late->storages != NULL && i < late->storages->len; i++)
    if (!plug (guest, i, late->storages->pdata[i], deadline, error)
        || !vq_guest_disks_set_up_one (late->plan->late_disks->pdata[i], &late->warned,
                                       vq_guest_get_channel (guest), deadline,
                                       vq_guest_get_cancel (guest), error))
      return FALSE;
  return TRUE;
}
