// SPDX-License-Identifier: GPL-2.0-or-later
#include "qemu/machine-files.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "io/file-copy.h"
#include "io/workdir.h"
#include "qemu/machine-disks.h"
#include "qemu/ram-file.h"
#include "seed/seed.h"

/* The names of a disk that stays, and of the template's disk that it lies on. */
#define DISK "disk"
#define TEMPLATE_DISK "template-disk"

/* The files of a seed, if there are any. */
static const char *const seed_files[] = { VQ_SEED_IMAGE, VQ_SEED_LOGIN_KEY, VQ_SEED_HOST_KEY };

struct _VqMachineFiles
{
  const VqPlan *plan;
  VqWorkdir *workdir;
  VqWorkdir *overlay_place; /* with --overlay-dir, until QEMU has opened the overlay */
  char *template;           /* the template's directory; NULL for a machine without one */
  gboolean receives;        /* its state comes from another machine */
  gboolean making; /* TRUE: this machine will become the template; FALSE: it is a fork of it */
  char *vars;      /* the firmware's variables */
  char *disk;
  int disk_fd;         /* refers to DISK, even when that has no name any more; -1: not yet */
  char *console_log;   /* NULL: none */
  char *template_disk; /* in a fork: what DISK lies on */
  char *ram;           /* NULL: the memory is not a file */
  GPtrArray *disks;    /* VqMachineDisk, the further ones, beside DISK; NULL: not yet */
};

static gboolean
copy_fresh_vars (VqMachineFiles *files, GError **error)
{
  return !vq_firmware_has_vars (files->plan->firmware)
         || vq_firmware_copy_vars (files->plan->firmware, files->vars, error);
}

/* Copies the firmware's variables from the template to the machine, or back if the template is
 * being made. */
static gboolean
copy_template_vars (VqMachineFiles *files, GError **error)
{
  g_autofree char *templates = g_build_filename (files->template, VQ_TEMPLATE_EFI_VARS, NULL);

  return !vq_firmware_has_vars (files->plan->firmware)
         || (files->making ? vq_file_copy (files->vars, templates, error)
                           : vq_file_copy (templates, files->vars, error));
}

/* The path of NAME where the disk stays. */
static char *
join_kept (VqMachineFiles *files, const char *name)
{
  return g_build_filename (files->plan->disk_dir, name, NULL);
}

static gboolean
is_kept (VqMachineFiles *files)
{
  return files->plan->disk_dir != NULL && !files->making;
}

static void
remove_seed (VqMachineFiles *files)
{
  for (gsize i = 0; i < G_N_ELEMENTS (seed_files); i++)
    {
      g_autofree char *path = join_kept (files, seed_files[i]);

      unlink (path);
    }
}

/* Copies the seed that is in DIRECTORY, if any, to where our disk stays. */
static gboolean
copy_seed (VqMachineFiles *files, const char *directory, GError **error)
{
  for (gsize i = 0; is_kept (files) && i < G_N_ELEMENTS (seed_files); i++)
    {
      g_autofree char *from = g_build_filename (directory, seed_files[i], NULL);
      g_autofree char *to = join_kept (files, seed_files[i]);

      if (access (from, F_OK) == 0 && !vq_file_copy (from, to, error))
        return FALSE;
    }
  return TRUE;
}

/* Chooses the path of a new overlay. The disk of an earlier machine is removed. */
static gboolean
choose_overlay_path (VqMachineFiles *files, GError **error)
{
  const char *overlay_dir = files->plan->options->overlay_dir;
  VqWorkdir *place = files->workdir;
  VQ_ERROR_PREFIX (error, "--overlay-dir");

  if (is_kept (files))
    {
      unlink (files->vars);
      files->disk = join_kept (files, DISK);
      unlink (files->disk);
      remove_seed (files);
      vq_image_note_user (files->plan->image, files->disk);
      return TRUE;
    }
  if (overlay_dir != NULL)
    place = files->overlay_place = vq_workdir_new (overlay_dir, error);
  if (place == NULL)
    return FALSE;
  files->disk = vq_workdir_join (place, "overlay");
  return TRUE;
}

/* To be called when it is clear where DISK is. */
static GPtrArray *
get_disks (VqMachineFiles *files)
{
  if (files->disks == NULL)
    {
      g_autofree char *directory = g_path_get_dirname (files->disk);

      files->disks = vq_machine_disks_new (files->plan, directory);
    }
  return files->disks;
}

static VqMachineFiles *
files_new (const VqPlan *plan, const char *template, gboolean making, GError **error)
{
  g_autoptr (VqMachineFiles) files = g_new0 (VqMachineFiles, 1);

  files->plan = plan;
  files->template = g_strdup (template);
  files->making = making;
  files->disk_fd = -1;
  if (template != NULL)
    files->ram = g_build_filename (template, VQ_TEMPLATE_RAM, NULL);
  files->workdir = vq_workdir_new (NULL, error);
  if (files->workdir == NULL)
    return NULL;
  files->vars = is_kept (files) ? join_kept (files, VQ_TEMPLATE_EFI_VARS)
                                : vq_workdir_join (files->workdir, VQ_TEMPLATE_EFI_VARS);
  files->console_log = is_kept (files) ? join_kept (files, VQ_MACHINE_FILES_CONSOLE_LOG) : NULL;
  return g_steal_pointer (&files);
}

/* What stays lies on no template's disk, as that of an earlier machine may have done. */
static void
drop_template_disk (VqMachineFiles *files)
{
  g_autofree char *path = is_kept (files) ? join_kept (files, TEMPLATE_DISK) : NULL;

  if (path != NULL)
    unlink (path);
}

VqMachineFiles *
vq_machine_files_new_fresh (const VqPlan *plan, gint64 deadline, VqCancel *cancel, GError **error)
{
  g_autoptr (VqMachineFiles) files = files_new (plan, NULL, FALSE, error);

  if (files == NULL || !choose_overlay_path (files, error) || !copy_fresh_vars (files, error)
      || !vq_image_create_overlay (plan->image, files->disk, deadline, cancel, error)
      || !vq_machine_disks_create (get_disks (files), deadline, cancel, error))
    return NULL;
  drop_template_disk (files);
  return g_steal_pointer (&files);
}

VqMachineFiles *
vq_machine_files_new_template (const VqPlan *plan, const char *directory, gint64 deadline,
                               VqCancel *cancel, GError **error)
{
  g_autoptr (VqMachineFiles) files = files_new (plan, directory, TRUE, error);

  if (files == NULL || !copy_fresh_vars (files, error))
    return NULL;
  files->disk = g_build_filename (directory, VQ_TEMPLATE_DISK, NULL);
  if (!vq_image_create_overlay (plan->image, files->disk, deadline, cancel, error)
      || !vq_machine_disks_create (get_disks (files), deadline, cancel, error)
      || !vq_ram_file_create (files->ram, plan->options->ram_size_mib, error))
    return NULL;
  return g_steal_pointer (&files);
}

/* What a disk that stays lies on must stay, too, even when the template is removed. So it is
 * copied. Another name for the same file (link) would do, but the file's stamp would be another one
 * then (io/file-stamp.h), and the template would count as damaged. */
static gboolean
choose_template_disk (VqMachineFiles *files, const char *directory, GError **error)
{
  g_autofree char *templates = g_build_filename (directory, VQ_TEMPLATE_DISK, NULL);

  if (!is_kept (files))
    {
      files->template_disk = g_steal_pointer (&templates);
      return TRUE;
    }
  files->template_disk = join_kept (files, TEMPLATE_DISK);
  unlink (files->template_disk);
  return vq_file_copy (templates, files->template_disk, error);
}

VqMachineFiles *
vq_machine_files_new_fork (const VqPlan *plan, const char *directory, GError **error)
{
  g_autoptr (VqMachineFiles) files = files_new (plan, directory, FALSE, error);
  g_autofree char *overlay = g_build_filename (directory, VQ_TEMPLATE_OVERLAY, NULL);

  if (files == NULL || !choose_template_disk (files, directory, error)
      || !choose_overlay_path (files, error) || !copy_seed (files, directory, error)
      || !copy_template_vars (files, error) || !vq_file_copy (overlay, files->disk, error)
      || !vq_machine_disks_fork (get_disks (files), directory, error)
      || !vq_ram_file_check (files->ram, plan->options->ram_size_mib, error))
    return NULL;
  return g_steal_pointer (&files);
}

/* The other machine's disk lies on a template's disk, too, if it was forked. */
static gboolean
create_receiving_disk (VqMachineFiles *files, const char *source, gint64 deadline, VqCancel *cancel,
                       GError **error)
{
  const VqImage *image = files->plan->image;
  g_autofree char *below = g_build_filename (source, TEMPLATE_DISK, NULL);

  if (access (below, F_OK) != 0)
    return vq_image_create_overlay (image, files->disk, deadline, cancel, error);
  files->template_disk = join_kept (files, TEMPLATE_DISK);
  return vq_file_copy (below, files->template_disk, error)
         && vq_image_create_second_overlay (image, files->template_disk, files->disk, deadline,
                                            cancel, error);
}

VqMachineFiles *
vq_machine_files_new_receiver (const VqPlan *plan, const char *source, gint64 deadline,
                               VqCancel *cancel, GError **error)
{
  g_autoptr (VqMachineFiles) files = files_new (plan, NULL, FALSE, error);

  if (files == NULL)
    return NULL;
  files->receives = TRUE;
  files->disk = join_kept (files, DISK);
  if (!copy_fresh_vars (files, error) || !copy_seed (files, source, error)
      || !create_receiving_disk (files, source, deadline, cancel, error)
      || !vq_machine_disks_receive (get_disks (files), source, deadline, cancel, error))
    return NULL;
  return g_steal_pointer (&files);
}

/* Gives PATH the name NAME in our private directory, too. */
static gboolean
link_file (VqMachineFiles *files, const char *path, const char *name, GError **error)
{
  g_autofree char *link = vq_workdir_join (files->workdir, name);

  return symlink (path, link) == 0 || errno == EEXIST
         || vq_error_set_errno (error, errno, "cannot make %s", link);
}

static gboolean
link_seed (VqMachineFiles *files, GError **error)
{
  for (gsize i = 0; i < G_N_ELEMENTS (seed_files); i++)
    {
      g_autofree char *path
          = g_build_filename (vq_machine_files_get_seed_directory (files), seed_files[i], NULL);

      if (access (path, F_OK) == 0 && !link_file (files, path, seed_files[i], error))
        return FALSE;
    }
  return TRUE;
}

gboolean
vq_machine_files_be_source (VqMachineFiles *files, GError **error)
{
  return (files->template_disk == NULL
          || link_file (files, files->template_disk, TEMPLATE_DISK, error))
         && link_seed (files, error)
         && vq_machine_disks_link (get_disks (files), vq_workdir_get_path (files->workdir), error);
}

gboolean
vq_machine_files_copy (VqMachineFiles *files, const char *target, GError **error)
{
  g_autofree char *from = g_strdup_printf ("/proc/self/fd/%d", files->disk_fd);
  g_autofree char *disk = g_build_filename (target, DISK, NULL);
  g_autofree char *vars = g_build_filename (target, VQ_TEMPLATE_EFI_VARS, NULL);

  return vq_file_copy_over (from, disk, error)
         && vq_machine_disks_copy (get_disks (files), target, error)
         && (!vq_firmware_has_vars (files->plan->firmware)
             || vq_file_copy_over (files->vars, vars, error));
}

VqMachineFiles *
vq_machine_files_new_kept (const VqPlan *plan, GError **error)
{
  g_autoptr (VqMachineFiles) files = files_new (plan, NULL, FALSE, error);
  g_autofree char *template_disk = NULL;

  if (files == NULL)
    return NULL;
  template_disk = join_kept (files, TEMPLATE_DISK);
  files->disk = join_kept (files, DISK);
  if (access (template_disk, F_OK) == 0)
    files->template_disk = g_steal_pointer (&template_disk);
  vq_machine_disks_take (get_disks (files));
  return g_steal_pointer (&files);
}

void
vq_machine_files_free (VqMachineFiles *files)
{
  if (files == NULL)
    return;
  vq_fd_clear (&files->disk_fd);
  vq_workdir_free (files->overlay_place);
  vq_workdir_free (files->workdir);
  g_free (files->template);
  g_free (files->vars);
  g_free (files->disk);
  g_free (files->console_log);
  g_free (files->template_disk);
  g_free (files->ram);
  g_clear_pointer (&files->disks, g_ptr_array_unref);
  g_free (files);
}

void
vq_machine_files_fill (VqMachineFiles *files, VqQemuConfig *machine)
{
  machine->directory = vq_workdir_get_path (files->workdir);
  machine->efi_vars = files->vars;
  machine->overlay = files->disk;
  machine->disks = get_disks (files);
  machine->disk_stays = is_kept (files);
  machine->console_log = files->console_log;
  machine->template_disk = files->template_disk;
  machine->ram_path = files->ram;
  machine->ram_shared = files->making;
  machine->incoming = files->receives || (files->template != NULL && !files->making);
}

void
vq_machine_files_opened (VqMachineFiles *files)
{
  gboolean stays = files->making || is_kept (files);

  files->disk_fd = open (files->disk, O_PATH | O_CLOEXEC);
  vq_machine_disks_opened (get_disks (files), !stays);
  if (stays)
    return;
  unlink (files->disk);
  g_clear_pointer (&files->overlay_place, vq_workdir_free);
}

guint64
vq_machine_files_get_disk_space (VqMachineFiles *files)
{
  struct stat st;

  if (fstat (files->disk_fd, &st) < 0)
    return 0;
  return (guint64)st.st_blocks * 512 + vq_machine_disks_get_space (get_disks (files));
}

gboolean
vq_machine_files_prepare_forks (VqMachineFiles *files, const char *final_directory, gint64 deadline,
                                VqCancel *cancel, GError **error)
{
  g_autofree char *disk = g_build_filename (final_directory, VQ_TEMPLATE_DISK, NULL);
  g_autofree char *overlay = g_build_filename (files->template, VQ_TEMPLATE_OVERLAY, NULL);

  g_assert (files->making);
  vq_image_note_user (files->plan->image, disk);
  return vq_image_create_second_overlay (files->plan->image, disk, overlay, deadline, cancel, error)
         && vq_machine_disks_prepare_forks (get_disks (files), final_directory, deadline, cancel,
                                            error);
}

int
vq_machine_files_open_state (VqMachineFiles *files, GError **error)
{
  g_autofree char *path = g_build_filename (files->template, VQ_TEMPLATE_STATE, NULL);
  int flags = files->making ? O_WRONLY | O_CREAT | O_EXCL : O_RDONLY;
  int fd = open (path, flags | O_CLOEXEC, 0600);

  if (fd < 0)
    vq_error_set_errno (error, errno, "cannot open %s", path);
  return fd;
}

gboolean
vq_machine_files_complete_template (VqMachineFiles *files, GError **error)
{
  g_assert (files->making);
  return copy_template_vars (files, error);
}

const char *
vq_machine_files_get_seed_directory (VqMachineFiles *files)
{
  if (is_kept (files))
    return files->plan->disk_dir;
  return files->template != NULL ? files->template : vq_workdir_get_path (files->workdir);
}

const char *
vq_machine_files_get_directory (VqMachineFiles *files)
{
  return vq_workdir_get_path (files->workdir);
}
