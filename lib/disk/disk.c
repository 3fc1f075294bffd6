// SPDX-License-Identifier: GPL-2.0-or-later
#include "disk/disk.h"

#include <string.h>

#include "base/error.h"
#include "disk/disk-luks.h"
#include "disk/rbd-work.h"
#include "pull/pull-image.h"
#include "pull/pull-url.h"

void
vq_disk_free (VqDisk *disk)
{
  if (disk == NULL)
    return;
  vq_image_free (disk->image);
  vq_disk_secret_unref (disk->base_secret);
  vq_disk_secret_unref (disk->secret);
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

/* Whether the image that ROOT begins with is encrypted itself. */
static gboolean
has_luks_image (const VqDiskSpec *root)
{
  return (root->action == VQ_DISK_ATTACH ? root->encrypt : root->parent_encrypt) != VQ_DISK_PLAIN;
}

/* FILE may be NULL. */
static VqDiskSecret *
get_secret (const char *file, GError **error)
{
  return file != NULL ? vq_disk_secret_read (file, error) : vq_disk_secret_new_random (error);
}

/* The key that the image of ROOT has, or is to have. Of an image in Ceph, rbd-storage checks it. */
static gboolean
find_base_secret (VqDisk *disk, const VqDiskSpec *root, VqCancel *cancel, GError **error)
{
  const char *file = root->action == VQ_DISK_CLONE ? root->parent_secret : root->secret;

  disk->fills
      = root->action == VQ_DISK_CREATE && root->encrypt != VQ_DISK_PLAIN && disk->image != NULL;
  if (!disk->fills && !has_luks_image (root))
    return TRUE;
  disk->base_secret = get_secret (file, error);
  return disk->base_secret != NULL
         && (disk->fills || root->rbd != NULL
             || vq_disk_luks_check_key (disk->image, disk->base_secret, file, cancel, error));
}

/* The nearest disk, upwards, that has a key of its own. */
static const VqDiskSpec *
find_owner (const VqDiskSpec *spec)
{
  while (spec->parent_disk != NULL && !spec->has_own_key)
    spec = spec->parent_disk;
  return spec;
}

static gboolean
find_secrets (VqDisk *disk, VqCancel *cancel, GError **error)
{
  const VqDiskSpec *root = vq_disk_spec_get_root (disk->spec);
  const VqDiskSpec *owner = find_owner (disk->spec);

  if (!find_base_secret (disk, root, cancel, error))
    return FALSE;
  if (disk->spec->encrypt == VQ_DISK_PLAIN)
    return TRUE;
  disk->secret = owner == root && !owner->has_own_key && disk->base_secret != NULL
                     ? vq_disk_secret_ref (disk->base_secret)
                     : get_secret (owner->secret, error);
  return disk->secret != NULL;
}

static gboolean
find_image (VqDisk *disk, const char *name, const char *arch, const char *const *allowed,
            VqCancel *cancel, GError **error)
{
  g_autofree char *path = vq_pull_image_find (name, arch, cancel, error);
  const VqDiskSpec *root = vq_disk_spec_get_root (disk->spec);
  guint64 size = vq_disk_spec_get_size (disk->spec);

  if (path == NULL)
    return FALSE;
  disk->image = vq_image_inspect (path, has_luks_image (root) ? VQ_IMAGE_LUKS : VQ_IMAGE_DATA,
                                  allowed, error);
  if (disk->image == NULL || !check_format (disk, root->format, error)
      || (size != 0 && !vq_image_grow (disk->image, size, error)))
    return FALSE;
  disk->size = vq_image_get_size (disk->image);
  return TRUE;
}

/* An image of a server: its size. */
static gboolean
find_export (VqDisk *disk, const VqNbdName *nbd, VqCancel *cancel, GError **error)
{
  VQ_ERROR_PREFIX (error, "cannot use the image of the nbd server");
  guint64 size = 0;

  if (!vq_nbd_name_find_size (nbd, &size, cancel, error))
    return FALSE;
  if (disk->size != 0 && disk->size < size)
    return vq_error_set (error, VQ_ERROR_USAGE, "its size= is less than that of the image");
  disk->size = MAX (disk->size, size);
  return TRUE;
}

/* The schemes of addresses, if NAME is one that we do not know. A file may be called so, too. */
static gboolean
check_scheme (const char *name, GError **error)
{
  g_autofree char *scheme = g_uri_parse_scheme (name);

  return scheme == NULL || strstr (name, "://") == NULL || vq_pull_url_is (name)
         || g_file_test (name, G_FILE_TEST_EXISTS)
         || vq_error_set (error, VQ_ERROR_USAGE,
                          "%s: no disk begins with an address of this kind, but with one of "
                          "http://, https://, file://, nbd://, nbd+unix:// and rbd:, or with a "
                          "file",
                          name);
}

static gboolean
find_contents (VqDisk *disk, const char *arch, const char *const *allowed, VqCancel *cancel,
               GError **error)
{
  const VqDiskSpec *root = vq_disk_spec_get_root (disk->spec);
  const char *name = vq_disk_spec_get_image (disk->spec);

  if (root->rbd != NULL)
    return vq_rbd_work_check (cancel, error);
  if (root->nbd != NULL)
    return find_export (disk, root->nbd, cancel, error);
  return name == NULL
         || (check_scheme (name, error) && find_image (disk, name, arch, allowed, cancel, error));
}

static VqDisk *
find_disk (const VqDiskSpec *spec, const char *arch, const char *const *allowed, VqCancel *cancel,
           GError **error)
{
  g_autoptr (VqDisk) disk = g_new0 (VqDisk, 1);
  VQ_ERROR_PREFIX (error, "--disk: %s", spec->name);

  disk->spec = spec;
  disk->size = vq_disk_spec_get_size (spec);
  return find_contents (disk, arch, allowed, cancel, error) && find_secrets (disk, cancel, error)
             ? g_steal_pointer (&disk)
             : NULL;
}

GPtrArray *
vq_disk_find_all (const GPtrArray *specs, gboolean late, const char *arch,
                  const char *const *allowed, VqCancel *cancel, GError **error)
{
  g_autoptr (GPtrArray) disks = g_ptr_array_new_with_free_func ((GDestroyNotify)vq_disk_free);

  for (guint i = 0; i < specs->len; i++)
    {
      const VqDiskSpec *spec = specs->pdata[i];
      VqDisk *disk = NULL;

      if (spec->is_parent_only || spec->is_late != late)
        continue;
      disk = find_disk (spec, arch, allowed, cancel, error);
      if (disk == NULL)
        return NULL;
      g_ptr_array_add (disks, disk);
    }
  return g_steal_pointer (&disks);
}

/* Whether a key of SPEC is made by us. */
static gboolean
has_random_key (const VqDiskSpec *spec)
{
  const VqDiskSpec *root = vq_disk_spec_get_root (spec);
  const VqDiskSpec *owner = find_owner (spec);
  gboolean fills = root->action == VQ_DISK_CREATE && root->encrypt != VQ_DISK_PLAIN
                   && root->url != NULL && root->secret == NULL;
  gboolean named = owner->secret != NULL
                   || (owner == root && !owner->has_own_key && owner->parent_secret != NULL);

  return fills || (spec->encrypt != VQ_DISK_PLAIN && !named);
}

gboolean
vq_disk_check_lasting (const GPtrArray *specs, gboolean is_kept, GError **error)
{
  for (guint i = 0; i < specs->len; i++)
    {
      const VqDiskSpec *spec = specs->pdata[i];
      const char *image = vq_disk_spec_get_image (spec);

      if (is_kept && vq_disk_spec_is_rbd (spec))
        return vq_error_set (error, VQ_ERROR_USAGE,
                             "--disk: %s: an image in Ceph goes when the machine stops, but the "
                             "disk of an instance stays: add --ephemeral",
                             spec->name);
      if (is_kept && vq_disk_spec_get_root (spec)->nbd != NULL)
        return vq_error_set (error, VQ_ERROR_USAGE,
                             "--disk: %s: a server may export another image tomorrow, but the disk "
                             "of an instance stays: add --ephemeral",
                             spec->name);
      if (image != NULL && vq_pull_image_is_cached (image))
        return vq_error_set (error, VQ_ERROR_USAGE,
                             "--disk: %s: %s may be another image tomorrow, but the disk of an "
                             "instance stays: name its file, which `virt-qemu image info %s' tells",
                             spec->name, image, image);
      if (is_kept && !spec->is_parent_only && has_random_key (spec))
        return vq_error_set (error, VQ_ERROR_USAGE,
                             "--disk: %s: a random key would be gone when the instance stops: "
                             "name a file with one, secret=, or add --ephemeral",
                             spec->name);
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
