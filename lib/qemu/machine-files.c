// SPDX-License-Identifier: GPL-2.0-or-later
#include "qemu/machine-files.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"
#include "io/file-copy.h"
#include "io/workdir.h"
#include "qemu/ram-file.h"

struct _VqMachineFiles
{
  const VqPlan *plan;
  VqWorkdir *workdir;
  VqWorkdir *overlay_place; /* with --overlay-dir, until QEMU has opened the overlay */
  char *template;           /* the template's directory; NULL for a machine without one */
  gboolean making; /* TRUE: this machine will become the template; FALSE: it is a fork of it */
  char *disk;
  char *template_disk; /* in a fork: what DISK lies on */
  char *ram;           /* NULL: the memory is not a file */
};

static gboolean
copy_fresh_vars (VqMachineFiles *files, GError **error)
{
  g_autofree char *path = vq_workdir_join (files->workdir, VQ_TEMPLATE_EFI_VARS);

  return files->plan->firmware == NULL
         || vq_firmware_copy_vars (files->plan->firmware, path, error);
}

/* Copies the firmware's variables from the template to the private directory, or back if the
 * template is being made. */
static gboolean
copy_template_vars (VqMachineFiles *files, GError **error)
{
  g_autofree char *machines = vq_workdir_join (files->workdir, VQ_TEMPLATE_EFI_VARS);
  g_autofree char *templates = g_build_filename (files->template, VQ_TEMPLATE_EFI_VARS, NULL);

  return files->plan->firmware == NULL
         || (files->making ? vq_file_copy (machines, templates, error)
                           : vq_file_copy (templates, machines, error));
}

/* Chooses the path of an overlay that is removed with the machine. */
static gboolean
choose_overlay_path (VqMachineFiles *files, GError **error)
{
  const char *overlay_dir = files->plan->options->overlay_dir;
  VqWorkdir *place = files->workdir;
  VQ_ERROR_PREFIX (error, "--overlay-dir");

  if (overlay_dir != NULL)
    place = files->overlay_place = vq_workdir_new (overlay_dir, error);
  if (place == NULL)
    return FALSE;
  files->disk = vq_workdir_join (place, "overlay");
  return TRUE;
}

static VqMachineFiles *
files_new (const VqPlan *plan, const char *template, gboolean making, GError **error)
{
  g_autoptr (VqMachineFiles) files = g_new0 (VqMachineFiles, 1);

  files->plan = plan;
  files->template = g_strdup (template);
  files->making = making;
  if (template != NULL)
    files->ram = g_build_filename (template, VQ_TEMPLATE_RAM, NULL);
  files->workdir = vq_workdir_new (NULL, error);
  return files->workdir != NULL ? g_steal_pointer (&files) : NULL;
}

VqMachineFiles *
vq_machine_files_new_fresh (const VqPlan *plan, gint64 deadline, VqCancel *cancel, GError **error)
{
  g_autoptr (VqMachineFiles) files = files_new (plan, NULL, FALSE, error);

  if (files == NULL || !copy_fresh_vars (files, error) || !choose_overlay_path (files, error)
      || !vq_image_create_overlay (plan->image, files->disk, deadline, cancel, error))
    return NULL;
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
      || !vq_ram_file_create (files->ram, plan->options->ram_size_mib, error))
    return NULL;
  return g_steal_pointer (&files);
}

VqMachineFiles *
vq_machine_files_new_fork (const VqPlan *plan, const char *directory, GError **error)
{
  g_autoptr (VqMachineFiles) files = files_new (plan, directory, FALSE, error);
  g_autofree char *overlay = g_build_filename (directory, VQ_TEMPLATE_OVERLAY, NULL);

  if (files == NULL)
    return NULL;
  files->template_disk = g_build_filename (directory, VQ_TEMPLATE_DISK, NULL);
  if (!copy_template_vars (files, error) || !choose_overlay_path (files, error)
      || !vq_file_copy (overlay, files->disk, error)
      || !vq_ram_file_check (files->ram, plan->options->ram_size_mib, error))
    return NULL;
  return g_steal_pointer (&files);
}

void
vq_machine_files_free (VqMachineFiles *files)
{
  if (files == NULL)
    return;
  vq_workdir_free (files->overlay_place);
  vq_workdir_free (files->workdir);
  g_free (files->template);
  g_free (files->disk);
  g_free (files->template_disk);
  g_free (files->ram);
  g_free (files);
}

void
vq_machine_files_fill (VqMachineFiles *files, VqQemuConfig *machine)
{
  machine->directory = vq_workdir_get_path (files->workdir);
  machine->overlay = files->disk;
  machine->template_disk = files->template_disk;
  machine->ram_path = files->ram;
  machine->ram_shared = files->making;
  machine->incoming = files->template != NULL && !files->making;
}

void
vq_machine_files_opened (VqMachineFiles *files)
{
  if (files->making)
    return;
  unlink (files->disk);
  g_clear_pointer (&files->overlay_place, vq_workdir_free);
}

gboolean
vq_machine_files_prepare_forks (VqMachineFiles *files, const char *final_directory, gint64 deadline,
                                VqCancel *cancel, GError **error)
{
  g_autofree char *disk = g_build_filename (final_directory, VQ_TEMPLATE_DISK, NULL);
  g_autofree char *overlay = g_build_filename (files->template, VQ_TEMPLATE_OVERLAY, NULL);

  g_assert (files->making);
  return vq_image_create_second_overlay (files->plan->image, disk, overlay, deadline, cancel,
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
vq_machine_files_get_directory (VqMachineFiles *files)
{
  return vq_workdir_get_path (files->workdir);
}
