// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent-channel.h"
#include "error.h"
#include "guest-setup.h"
#include "machine.h"
#include "qemu.h"
#include "workdir.h"

/* The first port tried for the guest's ssh, as with Debian's server. */
#define SSH_PORT_FIRST 10022

/* Seconds that QEMU gets to end when told to. */
#define QUIT_SECONDS 5

/* Where the channel keeps its things in the guest: a tmpfs on every system. */
#define GUEST_DIRECTORY "/run/virt-qemu"

struct _VqGuest
{
  const VqPlan *plan;
  VqWorkdir *workdir;
  VqQemu *qemu;
  VqGuestAgent *agent;
  VqChannel *channel;
  guint ssh_port;
};

/* The read-only disks as VqMachine wants them. */
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
copy_firmware_vars (VqGuest *guest, GError **error)
{
  g_autofree char *path = vq_workdir_join (guest->workdir, VQ_MACHINE_EFI_VARS);

  return guest->plan->firmware == NULL
         || vq_firmware_copy_vars (guest->plan->firmware, path, error);
}

/* Creates the overlay in PLACE, starts QEMU on it and removes its name. */
static gboolean
start_on_overlay (VqGuest *guest, VqWorkdir *place, gint64 deadline, VqCancel *cancel,
                  GError **error)
{
  const VqPlan *plan = guest->plan;
  g_autofree char *overlay = vq_workdir_join (place, "overlay");
  g_autofree const char **more = list_more_images (plan);
  VqMachine machine = { .options = plan->options,
                        .arch = plan->arch,
                        .qemu_command = plan->qemu_command,
                        .kvm = plan->kvm,
                        .firmware = plan->firmware,
                        .directory = vq_workdir_get_path (guest->workdir),
                        .overlay = overlay,
                        .more_images = more };

  if (!vq_image_create_overlay (plan->image, overlay, deadline, cancel, error))
    return FALSE;
  guest->qemu = vq_qemu_start (&machine, deadline, cancel, error);
  unlink (overlay);
  return guest->qemu != NULL;
}

static gboolean
start_qemu (VqGuest *guest, gint64 deadline, VqCancel *cancel, GError **error)
{
  const char *overlay_dir = guest->plan->options->overlay_dir;
  g_autoptr (VqWorkdir) place = NULL;

  if (!copy_firmware_vars (guest, error))
    return FALSE;
  if (overlay_dir == NULL)
    return start_on_overlay (guest, guest->workdir, deadline, cancel, error);
  place = vq_workdir_new (overlay_dir, error);
  if (place != NULL)
    return start_on_overlay (guest, place, deadline, cancel, error);
  g_prefix_error (error, "--overlay-dir: ");
  return FALSE;
}

/* QEMU listens before its monitor greets us: this connects at once. */
static int
connect_agent_port (VqGuest *guest, GError **error)
{
  g_autofree char *path = vq_workdir_join (guest->workdir, VQ_MACHINE_AGENT_SOCKET);
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_strlcpy (address.sun_path, path, sizeof address.sun_path);
  if (fd >= 0 && connect (fd, (struct sockaddr *)&address, sizeof address) == 0)
    return fd;
  vq_set_errno (error, errno, "cannot connect to the guest agent's port %s", path);
  if (fd >= 0)
    close (fd);
  return -1;
}

static void
on_agent_port (gboolean open, gpointer data)
{
  vq_guest_agent_set_open (data, open);
}

static gboolean
run_guest (VqGuest *guest, gint64 deadline, GError **error)
{
  int fd = connect_agent_port (guest, error);

  if (fd < 0)
    return FALSE;
  guest->agent = vq_guest_agent_new (fd);
  vq_qemu_on_agent_port (guest->qemu, on_agent_port, guest->agent);
  return vq_qemu_forward_ssh (guest->qemu, SSH_PORT_FIRST, &guest->ssh_port, deadline, error)
         && vq_qemu_run_guest (guest->qemu, deadline, error);
}

/* Says in a failure to get into the guest what the user can do about it. */
static void
explain_no_agent (VqGuest *guest, GError **error)
{
  g_autofree char *console = vq_guest_describe_console (guest);

  if (error == NULL || !vq_error_is_timeout (*error))
    return;
  if (console[0] == '\0')
    g_prefix_error (
        error, "the guest did not boot (its console said nothing: does --boot fit the image?): ");
  else
    g_prefix_error (
        error, "the guest did not boot, or qemu-guest-agent is not installed in it (console: %s): ",
        console);
}

/* From a guest that runs to one that commands can be run in. */
static gboolean
get_in (VqGuest *guest, gint64 deadline, GError **error)
{
  VqCancel *cancel = vq_qemu_get_cancel (guest->qemu);

  if (!vq_guest_agent_sync (guest->agent, deadline, cancel, error))
    {
      explain_no_agent (guest, error);
      return FALSE;
    }
  if (!vq_guest_setup_wait_booted (guest->agent, deadline, cancel, error))
    return FALSE;
  guest->channel = vq_agent_channel_new (guest->agent, GUEST_DIRECTORY, deadline, cancel, error);
  vq_qemu_expect_reset (guest->qemu, FALSE);
  return guest->channel != NULL;
}

/* *SPOKE tells whether the guest got so far as to say anything. */
static VqGuest *
boot_once (const VqPlan *plan, gint64 deadline, VqCancel *cancel, gboolean *spoke, GError **error)
{
  g_autoptr (VqGuest) guest = g_new0 (VqGuest, 1);

  guest->plan = plan;
  guest->workdir = vq_workdir_new (NULL, error);
  if (guest->workdir != NULL && start_qemu (guest, deadline, cancel, error)
      && run_guest (guest, deadline, error) && get_in (guest, deadline, error))
    return g_steal_pointer (&guest);
  *spoke = guest->qemu != NULL && vq_console_has_spoken (vq_qemu_get_console (guest->qemu));
  return NULL;
}

VqGuest *
vq_guest_boot (VqPlan *plan, gint64 deadline, VqCancel *cancel, GError **error)
{
  g_autoptr (GError) local = NULL;
  gboolean spoke = FALSE;
  VqGuest *guest = boot_once (plan, deadline, cancel, &spoke, &local);

  if (guest != NULL)
    return guest;
  if (!spoke && vq_error_is_machine (local) && vq_plan_give_up_kvm (plan, local->message))
    return boot_once (plan, vq_deadline_in (plan->boot_timeout), cancel, &spoke, error);
  g_propagate_error (error, g_steal_pointer (&local));
  return NULL;
}

void
vq_guest_free (VqGuest *guest)
{
  if (guest == NULL)
    return;
  if (guest->channel != NULL)
    vq_channel_free (guest->channel);
  if (guest->qemu != NULL)
    vq_qemu_on_agent_port (guest->qemu, NULL, NULL);
  vq_guest_agent_free (guest->agent);
  vq_qemu_free (guest->qemu);
  vq_workdir_free (guest->workdir);
  g_free (guest);
}

void
vq_guest_shut_down (VqGuest *guest, int poweroff_seconds)
{
  vq_qemu_expect_end (guest->qemu);
  if (poweroff_seconds >= 0 && vq_cancel_reason (vq_qemu_get_cancel (guest->qemu)) == NULL)
    {
      vq_guest_agent_power_off (guest->agent);
      if (!vq_qemu_wait_end (guest->qemu, vq_deadline_in (poweroff_seconds)))
        g_warning ("the guest did not power off within %d s", poweroff_seconds);
    }
  vq_qemu_quit (guest->qemu, vq_deadline_in (QUIT_SECONDS));
}

gboolean
vq_guest_reboot (VqGuest *guest, VqRebootKind kind, gint64 deadline, GError **error)
{
  vq_qemu_expect_reset (guest->qemu, TRUE);
  if (kind == VQ_REBOOT_TOLD)
    vq_guest_agent_reboot (guest->agent);
  if (!vq_qemu_wait_reset (guest->qemu, deadline, error))
    return FALSE;
  g_clear_pointer (&guest->channel, vq_channel_free);
  return get_in (guest, deadline, error);
}

VqCancel *
vq_guest_get_cancel (VqGuest *guest)
{
  return vq_qemu_get_cancel (guest->qemu);
}

VqChannel *
vq_guest_get_channel (VqGuest *guest)
{
  return guest->channel;
}

const char *
vq_guest_get_directory (VqGuest *guest)
{
  return vq_workdir_get_path (guest->workdir);
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
