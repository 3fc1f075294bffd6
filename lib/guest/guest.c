// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/guest.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "guest/baseimage.h"
#include "guest/boot-progress.h"
#include "base/error.h"
#include "guest/guest-link.h"
#include "guest/guest-setup.h"
#include "qemu/machine-files.h"
#include "qemu/qemu.h"
#include "guest/ssh-access.h"

/* The first port tried for the guest's ssh, as with Debian's server. */
#define SSH_PORT_FIRST 10022

/* Seconds that QEMU gets to end when told to. */
#define QUIT_SECONDS 5

/* QEMU's name for the base image's disk. */
#define BASEIMAGE_ID "baseimage"

struct _VqGuest
{
  const VqPlan *plan;
  VqMachineFiles *files;
  VqQemu *qemu;
  VqGuestLink *link;
  guint ssh_port;
  VqSshLogin ssh; /* no user: there is no such way in */
};

/* The read-only disks as VqQemuConfig wants them. */
static const char **
list_more_images (const VqPlan *plan)
{
  GPtrArray *list = g_ptr_array_new ();

  for (guint i = 0; i < plan->more->len; i++)
    {
      g_ptr_array_add (list, (gpointer)vq_image_get_path (plan->more->pdata[i]));
      g_ptr_array_add (list, (gpointer)vq_image_get_format (plan->more->pdata[i]));
    }
  g_ptr_array_add (list, NULL);
  return (const char **)g_ptr_array_free (list, FALSE);
}

static gboolean
start_qemu (VqGuest *guest, gint64 deadline, VqCancel *cancel, GError **error)
{
  const VqPlan *plan = guest->plan;
  g_autofree const char **more = list_more_images (plan);
  g_autofree char *seed = NULL;
  VqQemuConfig machine = { .options = plan->options,
                           .arch = plan->arch,
                           .qemu_command = plan->qemu_command,
                           .kvm = plan->kvm,
                           .firmware = plan->firmware,
                           .more_images = more };

  if (!vq_ssh_access_prepare (plan, vq_guest_get_directory (guest), &guest->ssh, &seed, deadline,
                              cancel, error))
    return FALSE;
  machine.seed = seed;
  vq_machine_files_fill (guest->files, &machine);
  guest->qemu = vq_qemu_start (&machine, deadline, cancel, error);
  return guest->qemu != NULL;
}

/* Connects to the machine and lets it run. Only then a fork has its disk open for good. */
static gboolean
run_guest (VqGuest *guest, gint64 deadline, GError **error)
{
  gboolean runs;

  guest->link
      = vq_guest_link_new (guest->plan, guest->qemu, vq_guest_get_directory (guest), &guest->ssh);
  runs = vq_qemu_forward_ssh (guest->qemu, SSH_PORT_FIRST, &guest->ssh_port, deadline, error)
         && vq_qemu_run_guest (guest->qemu, deadline, error);
  guest->ssh.port = guest->ssh_port;
  vq_machine_files_opened (guest->files);
  return runs;
}

/* From a guest that runs to one whose system is up and in which commands can be run. */
static gboolean
get_in (VqGuest *guest, gint64 deadline, GError **error)
{
  const VqOptions *options = guest->plan->options;
  g_autoptr (VqBootProgress) progress
      = options->show_boot || options->debug
            ? NULL
            : vq_boot_progress_new (STDERR_FILENO, vq_qemu_get_console (guest->qemu));

  if (!vq_guest_link_open (guest->link, deadline, error)
      || !vq_guest_setup_wait_booted (vq_guest_link_get_channel (guest->link), deadline,
                                      vq_qemu_get_cancel (guest->qemu), error))
    return FALSE;
  vq_qemu_expect_reset (guest->qemu, FALSE);
  return TRUE;
}

/* Takes over FILES (NULL: they could not be made). */
static VqGuest *
guest_new (const VqPlan *plan, VqMachineFiles *files)
{
  VqGuest *guest = g_new0 (VqGuest, 1);

  guest->plan = plan;
  guest->files = files;
  return guest;
}

/* How far a boot that failed got. */
typedef enum
{
  BOOT_NOT_STARTED, /* there was no QEMU */
  BOOT_SILENT,      /* the guest said nothing at all */
  BOOT_SPOKE,
} BootStage;

static VqGuest *
boot_once (const VqPlan *plan, const char *template, gint64 deadline, VqCancel *cancel,
           BootStage *stage, GError **error)
{
  g_autoptr (VqGuest) guest = guest_new (
      plan, template != NULL
                ? vq_machine_files_new_template (plan, template, deadline, cancel, error)
                : vq_machine_files_new_fresh (plan, deadline, cancel, error));

  if (guest->files != NULL && start_qemu (guest, deadline, cancel, error)
      && run_guest (guest, deadline, error) && get_in (guest, deadline, error))
    return g_steal_pointer (&guest);
  if (guest->qemu == NULL)
    *stage = BOOT_NOT_STARTED;
  else
    *stage = vq_console_has_spoken (vq_qemu_get_console (guest->qemu)) ? BOOT_SPOKE : BOOT_SILENT;
  return NULL;
}

/* With KVM given up, what was to be a template would have a key that says KVM. */
VqGuest *
vq_guest_boot (VqPlan *plan, const char *template, gint64 deadline, VqCancel *cancel,
               GError **error)
{
  g_autoptr (GError) local = NULL;
  BootStage stage;
  VqGuest *guest = boot_once (plan, template, deadline, cancel, &stage, &local);

  if (guest != NULL)
    return guest;
  if (vq_cancel_reason (cancel) == NULL && vq_error_is_machine (local))
    {
      if (stage != BOOT_SPOKE && vq_plan_give_up_kvm (plan, local->message))
        return boot_once (plan, NULL, vq_deadline_in (plan->boot_timeout), cancel, &stage, error);
      if (stage == BOOT_NOT_STARTED && template != NULL)
        return boot_once (plan, NULL, deadline, cancel, &stage, error);
    }
  g_propagate_error (error, g_steal_pointer (&local));
  return NULL;
}

const char *
vq_guest_no_template_reason (VqGuest *guest)
{
  if (!vq_machine_files_is_template (guest->files))
    return "its QEMU does not start with the memory in a file";
  return vq_guest_link_has_helper (guest->link) ? NULL : "the guest helper is not in use";
}

/* Opens the file of the devices' state in the template's DIRECTORY. */
static int
open_state (const char *directory, int flags, GError **error)
{
  g_autofree char *path = g_build_filename (directory, VQ_TEMPLATE_STATE, NULL);
  int fd = open (path, flags | O_CLOEXEC, 0600);

  if (fd < 0)
    vq_error_set_errno (error, errno, "cannot open %s", path);
  return fd;
}

gboolean
vq_guest_prepare_forks (VqGuest *guest, const char *final_disk, gint64 deadline, GError **error)
{
  return vq_machine_files_prepare_forks (guest->files, final_disk, deadline,
                                         vq_qemu_get_cancel (guest->qemu), error);
}

gboolean
vq_guest_save (VqGuest *guest, const char *directory, gint64 deadline, GError **error)
{
  int fd = open_state (directory, O_WRONLY | O_CREAT | O_EXCL, error);
  gboolean saved = fd >= 0 && vq_qemu_save (guest->qemu, fd, deadline, error);

  if (fd >= 0 && close (fd) != 0 && saved)
    saved = vq_error_set_errno (error, errno, "cannot write the machine's state");
  if (!saved)
    return FALSE;
  vq_qemu_quit (guest->qemu, vq_deadline_in (QUIT_SECONDS));
  return vq_machine_files_complete_template (guest->files, error);
}

gboolean
vq_guest_go_on (VqGuest *guest, gint64 deadline)
{
  return vq_qemu_run_guest (guest->qemu, deadline, NULL);
}

static gboolean
load_state (VqGuest *guest, const char *directory, gint64 deadline, GError **error)
{
  int fd = open_state (directory, O_RDONLY, error);
  gboolean loaded = fd >= 0 && vq_qemu_load (guest->qemu, fd, deadline, error);

  if (fd >= 0)
    close (fd);
  vq_qemu_expect_reset (guest->qemu, FALSE);
  return loaded;
}

VqGuest *
vq_guest_fork (const VqPlan *plan, const char *directory, gint64 deadline, VqCancel *cancel,
               GError **error)
{
  g_autoptr (VqGuest) guest = guest_new (plan, vq_machine_files_new_fork (plan, directory, error));

  if (guest->files != NULL && start_qemu (guest, deadline, cancel, error)
      && load_state (guest, directory, deadline, error) && run_guest (guest, deadline, error)
      && vq_guest_link_resume (guest->link, deadline, error))
    return g_steal_pointer (&guest);
  return NULL;
}

void
vq_guest_free (VqGuest *guest)
{
  if (guest == NULL)
    return;
  vq_guest_link_free (guest->link);
  vq_qemu_free (guest->qemu);
  vq_machine_files_free (guest->files);
  vq_ssh_login_clear (&guest->ssh);
  g_free (guest);
}

void
vq_guest_shut_down (VqGuest *guest, int poweroff_seconds)
{
  vq_qemu_expect_end (guest->qemu);
  if (poweroff_seconds >= 0 && vq_cancel_reason (vq_qemu_get_cancel (guest->qemu)) == NULL)
    {
      vq_guest_link_power_off (guest->link);
      if (!vq_qemu_wait_end (guest->qemu, vq_deadline_in (poweroff_seconds)))
        g_warning ("the guest did not power off within %d s", poweroff_seconds);
    }
  vq_qemu_quit (guest->qemu, vq_deadline_in (QUIT_SECONDS));
}

gboolean
vq_guest_reboot (VqGuest *guest, VqRebootKind kind, gint64 deadline, GError **error)
{
  vq_qemu_expect_reset (guest->qemu, TRUE);
  vq_guest_link_expect_end (guest->link);
  if (kind == VQ_REBOOT_TOLD)
    vq_guest_link_reboot (guest->link);
  return vq_qemu_wait_reset (guest->qemu, deadline, error) && get_in (guest, deadline, error);
}

gboolean
vq_guest_plug_baseimage (VqGuest *guest, gint64 deadline, GError **error)
{
  const VqPlan *plan = guest->plan;
  g_autofree char *device = g_strconcat ("virtio-blk-", plan->arch->virtio, NULL);
  const VqHotDisk disk = { .id = BASEIMAGE_ID,
                           .path = vq_image_get_path (plan->image),
                           .format = vq_image_get_format (plan->image),
                           .device = device,
                           .bus = plan->hotplug->bus,
                           .serial = VQ_BASEIMAGE_SERIAL };

  if (vq_qemu_plug_disk (guest->qemu, &disk, deadline, error))
    return TRUE;
  g_prefix_error (error, "--baseimage: cannot plug it into the machine: ");
  return FALSE;
}

gboolean
vq_guest_unplug_baseimage (VqGuest *guest, gint64 deadline, GError **error)
{
  if (vq_qemu_unplug_disk (guest->qemu, BASEIMAGE_ID, deadline, error))
    return TRUE;
  g_prefix_error (error, "--baseimage: cannot take it out of the machine: ");
  return FALSE;
}

VqCancel *
vq_guest_get_cancel (VqGuest *guest)
{
  return vq_qemu_get_cancel (guest->qemu);
}

VqChannel *
vq_guest_get_channel (VqGuest *guest)
{
  return vq_guest_link_get_channel (guest->link);
}

const char *
vq_guest_get_directory (VqGuest *guest)
{
  return vq_machine_files_get_directory (guest->files);
}

guint
vq_guest_get_ssh_port (VqGuest *guest)
{
  return guest->ssh_port;
}

char *
vq_guest_describe_console (VqGuest *guest)
{
  return vq_console_last_lines (vq_qemu_get_console (guest->qemu), 3);
}
