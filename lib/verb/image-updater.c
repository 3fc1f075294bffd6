// SPDX-License-Identifier: GPL-2.0-or-later
#include "verb/image-updater.h"

#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "image/image-cache.h"
#include "image/image-convert.h"
#include "image/image-store.h"
#include "io/workdir.h"
#include "plan/plan.h"
#include "testbed/guest-upgrade.h"
#include "testbed/machine-slot.h"

/* One update. */
typedef struct
{
  const VqOsName *os;
  const VqImageUpdate *update;
  VqCancel *cancel;
  VqPrivateDir *dir;
  VqWorkdir *workdir;
} Updater;

static void
updater_clear (Updater *self)
{
  g_clear_pointer (&self->workdir, vq_workdir_free);
  g_clear_pointer (&self->dir, vq_private_dir_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Updater, updater_clear)

/* Makes one image of the guest's disk and what that lies on. */
static VqPartFile *
flatten (const Updater *self, GError **error)
{
  const char *const allowed[] = { vq_private_dir_get_path (self->dir), NULL };
  const VqImageConvertOptions options
      = { .format = "qcow2", .progress_fd = isatty (STDERR_FILENO) ? STDERR_FILENO : -1 };
  g_autofree char *disk = vq_workdir_join (self->workdir, VQ_GUEST_UPGRADE_DISK);
  g_autofree char *path = vq_workdir_join (self->workdir, "image");
  g_autoptr (VqImage) image = vq_image_inspect (disk, VQ_IMAGE_DATA, allowed, error);
  g_autoptr (VqImage) made = NULL;

  g_message ("writing the new image");
  if (image == NULL || !vq_image_convert (image, path, &options, self->cancel, error))
    return NULL;
  made = vq_image_inspect (path, VQ_IMAGE_BOOT, (const char *const[]){ NULL }, error);
  return made != NULL ? vq_part_file_adopt (path, error) : NULL;
}

/* *PART is the new image; NULL: there is nothing to upgrade. */
static gboolean
make_new (const Updater *self, VqPartFile **part, GError **error)
{
  const VqOptions *machine = self->update->machine;
  g_autoptr (VqPlan) plan = vq_plan_new (machine, self->cancel, error);
  g_autoptr (VqSlot) slot = NULL;
  gboolean changed;

  *part = NULL;
  if (plan == NULL
      || !vq_machine_slot_take (plan, &(VqSlotUse){ .description = machine->images[0] },
                                self->cancel, &slot, error))
    return FALSE;
  vq_plan_keep_disk (plan, vq_workdir_get_path (self->workdir));
  if (!vq_guest_upgrade (plan, self->update->autoremove, &changed, self->cancel, error))
    return FALSE;
  if (changed)
    *part = flatten (self, error);
  return !changed || *part != NULL;
}

/* Gives the path of the image that the name OLD leads to then. */
static char *
replace (Updater *self, const char *old, GError **error)
{
  g_autoptr (VqPartFile) part = NULL;
  char *path;

  vq_workdir_sweep (vq_private_dir_get_path (self->dir));
  self->workdir = vq_workdir_new (vq_private_dir_get_path (self->dir), error);
  if (self->workdir == NULL || !make_new (self, &part, error))
    return NULL;
  if (part == NULL)
    {
      g_message ("there is nothing to upgrade: the image stays as it is");
      return g_strdup (old);
    }
  path = vq_image_store_keep (self->dir, self->os, part, self->cancel, error);
  g_clear_pointer (&self->workdir, vq_workdir_free);
  if (path != NULL && strcmp (old, path) != 0)
    vq_image_store_remove_old (old);
  return path;
}

static char *
find (const Updater *self, GError **error)
{
  g_autofree char *name = vq_os_name_describe (self->os);
  char *path = vq_image_store_find (self->os);

  if (path == NULL)
    vq_error_set (error, VQ_ERROR_MISSING, "it is not in the cache: virt-qemu image build %s",
                  name);
  return path;
}

char *
vq_image_updater_run (const VqOsName *os, const VqImageUpdate *update, VqCancel *cancel,
                      GError **error)
{
  g_autofree char *name = vq_os_name_describe (os);
  VQ_ERROR_PREFIX (error, "cannot update %s", name);
  g_auto (Updater) self = { .os = os, .update = update, .cancel = cancel };
  g_autofree char *before = find (&self, error);
  g_autofree char *now = NULL;
  g_autoptr (VqLockFile) lock = NULL;

  if (before == NULL)
    return NULL;
  self.dir = vq_image_cache_open (error);
  lock = self.dir != NULL ? vq_image_store_lock (self.dir, os, cancel, error) : NULL;
  now = lock != NULL ? find (&self, error) : NULL;
  if (now == NULL || strcmp (now, before) != 0)
    return g_steal_pointer (&now);
  return replace (&self, before, error);
}
