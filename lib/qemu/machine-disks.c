// SPDX-License-Identifier: GPL-2.0-or-later
#include "qemu/machine-disks.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "io/file-copy.h"

/* What is before the disk's name in the names of its files. */
#define DISK "disk."
#define TEMPLATE_DISK "template-disk."
#define OVERLAY "overlay."

static void
disk_free (gpointer data)
{
  VqMachineDisk *disk = data;

  g_free (disk->path);
  g_free (disk->template_disk);
  vq_fd_clear (&disk->fd);
  g_free (disk);
}

static char *
build_path (const VqMachineDisk *disk, const char *directory, const char *prefix)
{
  g_autofree char *name = g_strconcat (prefix, disk->disk->spec->name, NULL);

  return g_build_filename (directory, name, NULL);
}

/* In the directory in which the disk itself is. */
static char *
build_sibling (const VqMachineDisk *disk, const char *prefix)
{
  g_autofree char *directory = g_path_get_dirname (disk->path);

  return build_path (disk, directory, prefix);
}

GPtrArray *
vq_machine_disks_new (const VqPlan *plan, const char *directory)
{
  GPtrArray *disks = g_ptr_array_new_with_free_func (disk_free);

  for (guint i = 0; plan->disks != NULL && i < plan->disks->len; i++)
    {
      VqMachineDisk *disk = g_new0 (VqMachineDisk, 1);

      disk->disk = plan->disks->pdata[i];
      disk->path = build_path (disk, directory, DISK);
      disk->stays = g_strcmp0 (directory, plan->disk_dir) == 0;
      disk->fd = -1;
      g_ptr_array_add (disks, disk);
    }
  return disks;
}

/* As long as the file PATH exists, nobody removes the image that it lies on. */
static void
note_user (const VqMachineDisk *disk, const char *path)
{
  if (disk->disk->image != NULL)
    vq_image_note_user (disk->disk->image, path);
}

static void
note_if_stays (const VqMachineDisk *disk)
{
  if (disk->stays)
    note_user (disk, disk->path);
}

/* An earlier machine may have been a fork. */
static void
remove_old (const VqMachineDisk *disk)
{
  g_autofree char *template_disk = build_sibling (disk, TEMPLATE_DISK);

  unlink (disk->path);
  unlink (template_disk);
}

gboolean
vq_machine_disks_create (GPtrArray *disks, gint64 deadline, VqCancel *cancel, GError **error)
{
  for (guint i = 0; i < disks->len; i++)
    {
      VqMachineDisk *disk = disks->pdata[i];

      remove_old (disk);
      if (!vq_disk_create (disk->disk, disk->path, deadline, cancel, error))
        return FALSE;
      note_if_stays (disk);
    }
  return TRUE;
}

/* As with the disk that the guest boots from: see choose_template_disk in machine-files.c. */
static gboolean
fork_disk (VqMachineDisk *disk, const char *template, GError **error)
{
  g_autofree char *overlay = build_path (disk, template, OVERLAY);
  g_autofree char *below = build_path (disk, template, DISK);

  remove_old (disk);
  disk->template_disk = disk->stays ? build_sibling (disk, TEMPLATE_DISK) : g_strdup (below);
  note_if_stays (disk);
  return (!disk->stays || vq_file_copy (below, disk->template_disk, error))
         && vq_file_copy (overlay, disk->path, error);
}

gboolean
vq_machine_disks_fork (GPtrArray *disks, const char *template, GError **error)
{
  for (guint i = 0; i < disks->len; i++)
    if (!fork_disk (disks->pdata[i], template, error))
      return FALSE;
  return TRUE;
}

void
vq_machine_disks_take (GPtrArray *disks)
{
  for (guint i = 0; i < disks->len; i++)
    {
      VqMachineDisk *disk = disks->pdata[i];
      g_autofree char *below = build_sibling (disk, TEMPLATE_DISK);

      if (access (below, F_OK) == 0)
        disk->template_disk = g_steal_pointer (&below);
    }
}

static gboolean
receive_disk (VqMachineDisk *disk, const char *source, gint64 deadline, VqCancel *cancel,
              GError **error)
{
  g_autofree char *below = build_path (disk, source, TEMPLATE_DISK);

  note_if_stays (disk);
  if (access (below, F_OK) != 0)
    return vq_disk_create (disk->disk, disk->path, deadline, cancel, error);
  disk->template_disk = build_sibling (disk, TEMPLATE_DISK);
  return vq_file_copy (below, disk->template_disk, error)
         && vq_disk_create_on (disk->disk, disk->template_disk, disk->path, deadline, cancel,
                               error);
}

gboolean
vq_machine_disks_receive (GPtrArray *disks, const char *source, gint64 deadline, VqCancel *cancel,
                          GError **error)
{
  for (guint i = 0; i < disks->len; i++)
    if (!receive_disk (disks->pdata[i], source, deadline, cancel, error))
      return FALSE;
  return TRUE;
}

gboolean
vq_machine_disks_link (GPtrArray *disks, const char *directory, GError **error)
{
  for (guint i = 0; i < disks->len; i++)
    {
      const VqMachineDisk *disk = disks->pdata[i];
      g_autofree char *name = build_path (disk, directory, TEMPLATE_DISK);

      if (disk->template_disk != NULL && symlink (disk->template_disk, name) < 0 && errno != EEXIST)
        return vq_error_set_errno (error, errno, "cannot make %s", name);
    }
  return TRUE;
}

gboolean
vq_machine_disks_copy (GPtrArray *disks, const char *target, GError **error)
{
  for (guint i = 0; i < disks->len; i++)
    {
      const VqMachineDisk *disk = disks->pdata[i];
      g_autofree char *from = g_strdup_printf ("/proc/self/fd/%d", disk->fd);
      g_autofree char *to = build_path (disk, target, DISK);

      if (!vq_file_copy_over (from, to, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
prepare_disk (const VqMachineDisk *disk, const char *final_directory, gint64 deadline,
              VqCancel *cancel, GError **error)
{
  g_autofree char *below = build_path (disk, final_directory, DISK);
  g_autofree char *overlay = build_sibling (disk, OVERLAY);

  note_user (disk, below);
  return vq_disk_create_on (disk->disk, below, overlay, deadline, cancel, error);
}

gboolean
vq_machine_disks_prepare_forks (GPtrArray *disks, const char *final_directory, gint64 deadline,
                                VqCancel *cancel, GError **error)
{
  for (guint i = 0; i < disks->len; i++)
    if (!prepare_disk (disks->pdata[i], final_directory, deadline, cancel, error))
      return FALSE;
  return TRUE;
}

void
vq_machine_disks_opened (GPtrArray *disks, gboolean remove)
{
  for (guint i = 0; i < disks->len; i++)
    {
      VqMachineDisk *disk = disks->pdata[i];

      disk->fd = open (disk->path, O_PATH | O_CLOEXEC);
      if (remove)
        unlink (disk->path);
    }
}

guint64
vq_machine_disks_get_space (GPtrArray *disks)
{
  guint64 space = 0;

  for (guint i = 0; i < disks->len; i++)
    {
      struct stat st;

      if (fstat (((VqMachineDisk *)disks->pdata[i])->fd, &st) == 0)
        space += (guint64)st.st_blocks * 512;
    }
  return space;
}
