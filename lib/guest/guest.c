// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/guest.h"

#include <errno.h>
#include <unistd.h>

#include "guest/baseimage.h"
#include "guest/boot-evidence.h"
#include "base/error.h"
#include "channel/channel-capture.h"
#include "base/fd.h"
#include "base/wait.h"
#include "guest/get-in.h"
#include "guest/guest-link.h"
#include "io/progress.h"
#include "plan/nic.h"
#include "qemu/machine-files.h"
#include "qemu/qemu-config.h"
#include "qemu/qemu.h"
#include "guest/ssh-access.h"

/* The first port that is tried for the guest's ssh, as in Debian's server. */
#define SSH_PORT_FIRST 10022

/* How many seconds QEMU gets to end. */
#define QUIT_SECONDS 5

/* QEMU's id of the base image's disk. */
#define BASEIMAGE_ID "vq-baseimage"

struct _VqGuest
{
  const VqPlan *plan;
  VqMachineFiles *files;
  gboolean ram_readonly; /* only QEMUs from 8.2 on can do that */
  gboolean warm;         /* it has run for a moment: see vq_guest_warm */
  VqCancel *cancel;      /* its own, or NULL: see vq_guest_own_cancel */
  VqQemu *qemu;
  VqGuestLink *link;
  VqSshLogin ssh; /* without a user, ssh is not tried */
  char *boot;     /* from which boot it is being rebooted */
};

static gboolean
start_qemu (VqGuest *guest, gint64 deadline, VqCancel *cancel, GError **error)
{
  g_autofree char *seed = NULL;
  VqQemuConfig machine = { .plan = guest->plan };

  if (!vq_ssh_access_prepare (guest->plan, vq_machine_files_get_seed_directory (guest->files),
                              &guest->ssh, &seed, deadline, cancel, error))
    return FALSE;
  machine.seed = seed;
  vq_machine_files_fill (guest->files, &machine);
  machine.ram_readonly = guest->ram_readonly;
  guest->qemu = vq_qemu_start (&machine, deadline, cancel, error);
  return guest->qemu != NULL;
}

/* Only that has ports of the host. */
static gboolean
has_user_network (const VqPlan *plan)
{
  const GPtrArray *nics = plan->options->nics;

  return nics->len == 0 || vq_nic_find_user (nics) >= 0;
}

/* Makes what connects us to the machine, which need not run yet. */
static gboolean
connect_guest (VqGuest *guest, gint64 deadline, GError **error)
{
  guint port = 0;
  gboolean forwarded = !has_user_network (guest->plan)
                       || vq_qemu_forward_ssh (guest->qemu, SSH_PORT_FIRST, &port, deadline, error);

  guest->link
      = vq_guest_link_new (guest->plan, guest->qemu, vq_guest_get_directory (guest), &guest->ssh);
  guest->ssh.port = port;
  return forwarded;
}

/* A fork has opened its disk only when it runs. */
static gboolean
let_run (VqGuest *guest, gint64 deadline, GError **error)
{
  gboolean runs = vq_qemu_run_guest (guest->qemu, deadline, error);

  vq_machine_files_opened (guest->files);
  return runs;
}

static gboolean
run_guest (VqGuest *guest, gint64 deadline, GError **error)
{
  return connect_guest (guest, deadline, error) && let_run (guest, deadline, error);
}

static char *
say_last_line (gpointer data)
{
  return vq_console_last_lines (data, 1);
}

static gboolean
get_in (VqGuest *guest, VqCloudInitTask task, gint64 deadline, GError **error)
{
  g_autoptr (VqProgress) progress G_GNUC_UNUSED
      = vq_progress_new (say_last_line, vq_qemu_get_console (guest->qemu));

  return vq_get_in (guest->link, guest->qemu, task, guest->plan->boot_timeout, deadline, error);
}

/* Takes over FILES. Returns NULL if they are NULL, because they could not be made. */
static VqGuest *
guest_new (const VqPlan *plan, VqMachineFiles *files)
{
  VqGuest *guest = g_new0 (VqGuest, 1);

  guest->plan = plan;
  guest->files = files;
  return guest;
}

static VqBootStage
get_stage (VqGuest *guest)
{
  if (guest->qemu == NULL)
    return VQ_BOOT_NO_QEMU;
  return vq_console_has_spoken (vq_qemu_get_console (guest->qemu)) ? VQ_BOOT_SPOKE : VQ_BOOT_SILENT;
}

/* The boot has failed with *ERROR. If the guest can run commands, it has logs of its own. */
static void
keep_evidence (VqGuest *guest, GError **error)
{
  const char *directory = guest->plan->options->log_dir;

  if (directory == NULL || guest->qemu == NULL || vq_error_is_cancelled (*error))
    return;
  if (guest->link != NULL && vq_guest_link_get_channel (guest->link) != NULL)
    vq_guest_keep_logs (guest);
  vq_boot_evidence_keep (guest->qemu, directory, error);
}

/* Takes over FILES, which are NULL if they could not be made. TASK: what the user wants of
 * cloud-init. */
static VqGuest *
boot (const VqPlan *plan, VqMachineFiles *files, VqCloudInitTask task, gint64 deadline,
      VqCancel *cancel, VqBootStage *stage, GError **error)
{
  g_autoptr (VqGuest) guest = guest_new (plan, files);

  if (guest->files != NULL && start_qemu (guest, deadline, cancel, error)
      && run_guest (guest, deadline, error) && get_in (guest, task, deadline, error))
    return g_steal_pointer (&guest);
  *stage = get_stage (guest);
  keep_evidence (guest, error);
  return NULL;
}

static VqCloudInitTask
find_task (const VqOptions *options)
{
  if (!vq_seed_request_needs_cloud_init (&options->seed))
    return VQ_CLOUD_INIT_NOTHING;
  return options->cloud_init_errors == VQ_CLOUD_INIT_ERRORS_WARN ? VQ_CLOUD_INIT_WORK_ANYHOW
                                                                 : VQ_CLOUD_INIT_WORK;
}

VqGuest *
vq_guest_boot (const VqPlan *plan, const char *template, gint64 deadline, VqCancel *cancel,
               VqBootStage *stage, GError **error)
{
  VqMachineFiles *files
      = template != NULL ? vq_machine_files_new_template (plan, template, deadline, cancel, error)
                         : vq_machine_files_new_fresh (plan, deadline, cancel, error);

  return boot (plan, files, find_task (plan->options), deadline, cancel, stage, error);
}

VqGuest *
vq_guest_boot_kept (const VqPlan *plan, gint64 deadline, VqCancel *cancel, VqBootStage *stage,
                    GError **error)
{
  return boot (plan, vq_machine_files_new_kept (plan, error), VQ_CLOUD_INIT_NOTHING, deadline,
               cancel, stage, error);
}

gboolean
vq_guest_has_helper (VqGuest *guest)
{
  return vq_guest_link_has_helper (guest->link);
}

gboolean
vq_guest_renew_identity (VqGuest *guest, const char *machine_id, const char *host_key,
                         gint64 deadline, GError **error)
{
  return vq_guest_link_renew_identity (guest->link, machine_id, host_key, deadline, error);
}

gboolean
vq_guest_check_saving (VqGuest *guest, GError **error)
{
  return vq_guest_has_helper (guest)
         || vq_error_set (error, VQ_ERROR_FAILED, "the guest helper is not in use");
}

gboolean
vq_guest_prepare_forks (VqGuest *guest, const char *final_directory, gint64 deadline,
                        GError **error)
{
  return vq_machine_files_prepare_forks (guest->files, final_directory, deadline,
                                         vq_qemu_get_cancel (guest->qemu), error);
}

gboolean
vq_guest_save (VqGuest *guest, gint64 deadline, GError **error)
{
  vq_autofd int fd = vq_machine_files_open_state (guest->files, error);

  if (fd < 0 || !vq_qemu_save (guest->qemu, fd, deadline, error))
    return FALSE;
  if (close (g_steal_fd (&fd)) != 0)
    return vq_error_set_errno (error, errno, "cannot write the machine's state");
  vq_qemu_quit (guest->qemu, vq_deadline_in (QUIT_SECONDS));
  return vq_machine_files_complete_template (guest->files, error);
}

gboolean
vq_guest_go_on (VqGuest *guest, gint64 deadline)
{
  return vq_qemu_run_guest (guest->qemu, deadline, NULL);
}

static gboolean
load_state (VqGuest *guest, gint64 deadline, GError **error)
{
  vq_autofd int fd = vq_machine_files_open_state (guest->files, error);
  gboolean loaded = fd >= 0 && vq_qemu_load (guest->qemu, fd, deadline, error);

  vq_boot_watch_expect (vq_qemu_get_boots (guest->qemu), FALSE);
  return loaded;
}

gboolean
vq_guest_can_read_ram (VqGuest *guest, gboolean *can, gint64 deadline, GError **error)
{
  return vq_qemu_can_read_ram (guest->qemu, can, deadline, error);
}

VqGuest *
vq_guest_load (const VqPlan *plan, const char *template, gboolean ram_readonly, gint64 deadline,
               VqCancel *cancel, GError **error)
{
  g_autoptr (VqGuest) guest = guest_new (plan, vq_machine_files_new_fork (plan, template, error));

  guest->ram_readonly = ram_readonly;
  if (guest->files != NULL && start_qemu (guest, deadline, cancel, error)
      && load_state (guest, deadline, error) && connect_guest (guest, deadline, error))
    return g_steal_pointer (&guest);
  return NULL;
}

gboolean
vq_guest_warm (VqGuest *guest, gint64 deadline, GError **error)
{
  static const char *const argv[] = { "true", NULL };

  guest->warm = let_run (guest, deadline, error)
                && vq_guest_link_resume (guest->link, deadline, error)
                && vq_channel_capture (vq_guest_get_channel (guest), argv, NULL, deadline,
                                       vq_guest_get_cancel (guest), error)
                && vq_qemu_stop_guest (guest->qemu, deadline, error);
  return guest->warm;
}

static gboolean
run_loaded (VqGuest *guest, gint64 deadline, GError **error)
{
  if (guest->warm)
    return vq_qemu_run_guest (guest->qemu, deadline, error)
           && vq_guest_link_renew (guest->link, deadline, error);
  return let_run (guest, deadline, error) && vq_guest_link_resume (guest->link, deadline, error);
}

/* When QEMU ends, the helper's connection may end first, and would be told as the reason. */
gboolean
vq_guest_run_loaded (VqGuest *guest, gint64 deadline, GError **error)
{
  GError *local = NULL;

  if (run_loaded (guest, deadline, &local))
    return TRUE;
  if (g_error_matches (local, VQ_ERROR, VQ_ERROR_PEER))
    return vq_wait_for_reason (local, deadline, vq_guest_get_cancel (guest), error);
  g_propagate_error (error, local);
  return FALSE;
}

void
vq_guest_own_cancel (VqGuest *guest, VqCancel *cancel)
{
  guest->cancel = cancel;
}

typedef struct
{
  VqMachineFiles *files;
  const char *target;
} Copy;

static gboolean
copy_files (gpointer data, GError **error)
{
  Copy *copy = data;

  return vq_machine_files_copy (copy->files, copy->target, error);
}

gboolean
vq_guest_send (VqGuest *guest, const char *socket, const char *target, gint64 deadline,
               GError **error)
{
  Copy copy = { guest->files, target };

  return vq_guest_check_saving (guest, error)
         && vq_qemu_config_check_saving (guest->plan->options, error)
         && vq_qemu_send (guest->qemu, socket, copy_files, &copy, deadline, error);
}

gboolean
vq_guest_be_source (VqGuest *guest, GError **error)
{
  return vq_machine_files_be_source (guest->files, error);
}

static gboolean
receive_state (VqGuest *guest, VqLiveMigrationAsk ask, gpointer data, gint64 deadline,
               GError **error)
{
  g_autofree char *socket = g_build_filename (vq_guest_get_directory (guest), "incoming", NULL);
  gboolean received = vq_qemu_receive (guest->qemu, socket, ask, data, deadline, error);

  vq_boot_watch_expect (vq_qemu_get_boots (guest->qemu), FALSE);
  return received;
}

VqGuest *
vq_guest_receive (const VqPlan *plan, const char *source, VqLiveMigrationAsk ask, gpointer data,
                  gint64 deadline, VqCancel *cancel, GError **error)
{
  g_autoptr (VqGuest) guest
      = guest_new (plan, vq_machine_files_new_receiver (plan, source, deadline, cancel, error));

  if (guest->files != NULL && start_qemu (guest, deadline, cancel, error)
      && receive_state (guest, ask, data, deadline, error) && run_guest (guest, deadline, error)
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
  vq_cancel_free (guest->cancel);
  vq_machine_files_free (guest->files);
  vq_ssh_login_clear (&guest->ssh);
  g_free (guest->boot);
  g_free (guest);
}

gboolean
vq_guest_power_off (VqGuest *guest, gint64 deadline, GError **error)
{
  vq_qemu_expect_end (guest->qemu);
  vq_guest_link_power_off (guest->link);
  return vq_qemu_wait_end (guest->qemu, deadline, error);
}

static void
power_off (VqGuest *guest, int seconds)
{
  g_autoptr (VqProgress) progress G_GNUC_UNUSED = vq_progress_new_text ("the guest powers off");
  g_autoptr (GError) error = NULL;

  if (!vq_guest_power_off (guest, vq_deadline_in (seconds), &error) && vq_error_is_timeout (error))
    g_warning ("the guest did not power off within %d s", seconds);
}

void
vq_guest_begin_end (VqGuest *guest)
{
  vq_qemu_begin_quit (guest->qemu);
}

void
vq_guest_shut_down (VqGuest *guest, int poweroff_seconds)
{
  vq_qemu_expect_end (guest->qemu);
  if (poweroff_seconds >= 0 && vq_cancel_reason (vq_qemu_get_cancel (guest->qemu)) == NULL)
    power_off (guest, poweroff_seconds);
  vq_qemu_quit (guest->qemu, vq_deadline_in (QUIT_SECONDS));
}

void
vq_guest_keep_logs (VqGuest *guest)
{
  const char *directory = guest->plan->options->log_dir;

  if (directory != NULL)
    vq_boot_evidence_keep_end (guest->qemu, vq_guest_link_get_channel (guest->link), directory);
}

gboolean
vq_guest_prepare_reboot (VqGuest *guest, gint64 deadline, GError **error)
{
  g_clear_pointer (&guest->boot, g_free);
  return vq_get_in_prepare (guest->link, guest->qemu, &guest->boot, deadline, error);
}

gboolean
vq_guest_reboot (VqGuest *guest, VqRebootKind kind, GError **error)
{
  g_autoptr (VqProgress) progress G_GNUC_UNUSED
      = vq_progress_new (say_last_line, vq_qemu_get_console (guest->qemu));

  if (kind == VQ_REBOOT_TOLD)
    vq_guest_link_reboot (guest->link);
  if (vq_get_in_again (guest->link, guest->qemu, guest->boot, guest->plan->boot_timeout, error))
    return TRUE;
  keep_evidence (guest, error);
  return FALSE;
}

gboolean
vq_guest_plug_late_disk (VqGuest *guest, guint index, const VqDiskNodes *nodes, gint64 deadline,
                         GError **error)
{
  const VqPlan *plan = guest->plan;
  const VqDiskSpec *spec = ((VqDisk *)plan->late_disks->pdata[index])->spec;
  g_autofree char *device = g_strconcat ("virtio-blk-", plan->arch->virtio, NULL);
  g_autofree char *bus = vq_hotplug_bus_build_name (plan->hotplug, index);
  g_autofree char *id = g_strconcat (nodes->top, "-device", NULL);
  const VqHotDisk disk = { .id = id,
                           .node = nodes->top,
                           .device = device,
                           .bus = bus,
                           .serial = spec->name,
                           .write_through = spec->cache == VQ_DISK_CACHE_WRITETHROUGH };
  VQ_ERROR_PREFIX (error, "--disk: cannot plug %s into the machine", spec->name);

  return vq_qemu_add_nodes (guest->qemu, nodes, deadline, error)
         && vq_qemu_plug_disk (guest->qemu, &disk, deadline, error);
}

gboolean
vq_guest_plug_baseimage (VqGuest *guest, gint64 deadline, GError **error)
{
  const VqPlan *plan = guest->plan;
  g_autofree char *device = g_strconcat ("virtio-blk-", plan->arch->virtio, NULL);
  const VqHotDisk disk = { .id = BASEIMAGE_ID,
                           .node = VQ_QEMU_CONFIG_IMAGE_NODE,
                           .device = device,
                           .bus = plan->hotplug->bus,
                           .serial = VQ_BASEIMAGE_SERIAL };
  VQ_ERROR_PREFIX (error, "--baseimage: cannot plug it into the machine");

  return vq_qemu_plug_disk (guest->qemu, &disk, deadline, error);
}

gboolean
vq_guest_unplug_baseimage (VqGuest *guest, gint64 deadline, GError **error)
{
  VQ_ERROR_PREFIX (error, "--baseimage: cannot take it out of the machine");

  return vq_qemu_unplug_disk (guest->qemu, BASEIMAGE_ID, deadline, error);
}

VqBootWatch *
vq_guest_get_boots (VqGuest *guest)
{
  return vq_qemu_get_boots (guest->qemu);
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

GPid
vq_guest_get_pid (VqGuest *guest)
{
  return vq_qemu_get_pid (guest->qemu);
}

guint64
vq_guest_get_disk_space (VqGuest *guest)
{
  return vq_machine_files_get_disk_space (guest->files);
}

guint
vq_guest_get_ssh_port (VqGuest *guest)
{
  return guest->ssh.port;
}

char *
vq_guest_describe_console (VqGuest *guest)
{
  return vq_console_last_lines (vq_qemu_get_console (guest->qemu), 3);
}
