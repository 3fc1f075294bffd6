// SPDX-License-Identifier: GPL-2.0-or-later
#include "disk/disk.h"

#include <string.h>

#include "base/error.h"
#include "pull/pull-image.h"

void
vq_disk_free (VqDisk *disk)
{
  if (disk == NULL)
    return;
  vq_image_free (disk->image);
  g_free (disk);
}

/* The user says what the image is; its header says it, too. */
static gboolean
check_format (const VqDisk *disk, const char *format, GError **error)
{
  const VqImageGateFile *file = vq_image_get_files (disk->image)->pdata[0];

  return format == NULL || strcmp (format, file->format) == 0
         || vq_error_set (error, VQ_ERROR_USAGE, "format=%s, but the image is %s", format,
                          file->format);
}

static const char *
get_format (const VqDiskSpec *spec)
{
  while (spec->parent_disk != NULL)
    spec = spec->parent_disk;
  return spec->format;
}

static gboolean
find_image (VqDisk *disk, const char *name, const char *arch, const char *const *allowed,
            VqCancel *cancel, GError **error)
{
  g_autofree char *path = vq_pull_image_find (name, arch, cancel, error);
  guint64 size = vq_disk_spec_get_size (disk->spec);

  if (path == NULL)
    return FALSE;
  disk->image = vq_image_inspect (path, VQ_IMAGE_DATA, allowed, error);
  if (disk->image == NULL || !check_format (disk, get_format (disk->spec), error)
      || (size != 0 && !vq_image_grow (disk->image, size, error)))
    return FALSE;
  disk->size = vq_image_get_size (disk->image);
  return TRUE;
}

static VqDisk *
find_disk (const VqDiskSpec *spec, const char *arch, const char *const *allowed, VqCancel *cancel,
           GError **error)
{
  g_autoptr (VqDisk) disk = g_new0 (VqDisk, 1);
  const char *name = vq_disk_spec_get_image (spec);
  VQ_ERROR_PREFIX (error, "--disk: %s", spec->name);

  disk->spec = spec;
  disk->size = vq_disk_spec_get_size (spec);
  if (name != NULL && !find_image (disk, name, arch, allowed, cancel, error))
    return NULL;
  return g_steal_pointer (&disk);
}

GPtrArray *
vq_disk_find_all (const GPtrArray *specs, const char *arch, const char *const *allowed,
                  VqCancel *cancel, GError **error)
{
  g_autoptr (GPtrArray) disks = g_ptr_array_new_with_free_func ((GDestroyNotify)vq_disk_free);

  for (guint i = 0; i < specs->len; i++)
    {
      const VqDiskSpec *spec = specs->pdata[i];
      VqDisk *disk = NULL;

      if (spec->is_parent_only)
        continue;
      disk = find_disk (spec, arch, allowed, cancel, error);
      if (disk == NULL)
        return NULL;
      g_ptr_array_add (disks, disk);
    }
  return g_steal_pointer (&disks);
}

gboolean
vq_disk_check_lasting (const GPtrArray *specs, GError **error)
{
  for (guint i = 0; i < specs->len; i++)
    {
      const VqDiskSpec *spec = specs->pdata[i];
      const char *image = vq_disk_spec_get_image (spec);

      if (image != NULL && vq_pull_image_is_cached (image))
        return vq_error_set (error, VQ_ERROR_USAGE,
                             "--disk: %s: %s may be another image tomorrow, but the disk of an "
                             "instance stays: name its file, which `virt-qemu image info %s' tells",
                             spec->name, image, image);
    }
  return TRUE;
}

gboolean
vq_disk_create (const VqDisk *disk, const char *path, gint64 deadline, VqCancel *cancel,
                GError **error)
{
  VQ_ERROR_PREFIX (error, "--disk: %s", disk->spec->name);

  return disk->image != NULL
             ? vq_image_create_overlay (disk->image, path, deadline, cancel, error)
             : vq_image_create_qcow2 (NULL, disk->size, path, deadline, cancel, error);
}

gboolean
vq_disk_create_on (const VqDisk *disk, const char *below, const char *path, gint64 deadline,
                   VqCancel *cancel, GError **error)
{
  VQ_ERROR_PREFIX (error, "--disk: %s", disk->spec->name);

  return vq_image_create_qcow2 (below, disk->size, path, deadline, cancel, error);
}
