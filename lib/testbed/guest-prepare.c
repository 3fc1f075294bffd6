// SPDX-License-Identifier: GPL-2.0-or-later
#include "testbed/guest-prepare.h"

#include "base/error.h"
#include "guest/boot-wait.h"
#include "guest/guest-disk.h"
#include "guest/guest-disks.h"
#include "guest/guest-grub.h"
#include "guest/guest-script.h"
#include "guest/guest-setup.h"
#include "io/log.h"
#include "io/progress.h"
#include "guest/template-script.h"

/* How many seconds a short step, a script of the user, and the installation of a package may
 * take. */
#define STEP_SECONDS 100
#define SCRIPT_SECONDS (60 * 60)
#define INSTALL_SECONDS (10 * 60)
/* How many seconds it may take to make file systems on all disks. */
#define DISKS_SECONDS (10 * 60)

static const char install_agent_script[] =
#include "testbed/install-agent.sh.inc"
    ;

static gboolean
run_scripts (VqGuest *guest, const VqOptions *options, GError **error)
{
  for (char **path = options->template_scripts; *path != NULL; path++)
    {
      vq_log_progress ("running a template script in the guest");
      if (!vq_template_script_run (vq_guest_get_channel (guest), *path,
                                   vq_deadline_in (SCRIPT_SECONDS), vq_guest_get_cancel (guest),
                                   error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
install_agent (VqGuest *guest, const VqOptions *options, GError **error)
{
  if (options->guest_agent != VQ_AGENT_INSTALL)
    return TRUE;
  vq_log_progress ("installing qemu-guest-agent in the guest");
  return vq_guest_script_run (vq_guest_get_channel (guest), install_agent_script, NULL, NULL,
                              vq_deadline_in (INSTALL_SECONDS), vq_guest_get_cancel (guest),
                              "cannot install qemu-guest-agent in the guest", error);
}

/* There is nothing to wait for where the guest must not reach anything. */
static gboolean
wait_for_network (VqGuest *guest, const VqOptions *options, GError **error)
{
  return options->network == VQ_NETWORK_RESTRICTED
         || vq_boot_wait_network (vq_guest_get_channel (guest), vq_deadline_in (STEP_SECONDS),
                                  vq_guest_get_cancel (guest), error);
}

/* What cannot be enlarged by us may be by a template script. */
static gboolean
grow_disk (VqGuest *guest, const VqOptions *options, GError **error)
{
  g_autoptr (GError) why = NULL;

  if (options->disk_size == 0
      || vq_guest_disk_grow (vq_guest_get_channel (guest), vq_deadline_in (STEP_SECONDS),
                             vq_guest_get_cancel (guest), &why))
    return TRUE;
  if (why->code != VQ_ERROR_FAILED && why->code != VQ_ERROR_PEER)
    {
      g_propagate_error (error, g_steal_pointer (&why));
      return FALSE;
    }
  g_warning ("--disk-size: the disk is larger now, but the guest's root file system is not: %s",
             why->message);
  return TRUE;
}

static char *
say_step (gpointer data)
{
  return g_strdup (vq_log_get_progress ());
}

gboolean
vq_guest_prepare (VqGuest *guest, const VqPlan *plan, GError **error)
{
  g_autoptr (VqProgress) progress G_GNUC_UNUSED = vq_progress_new (say_step, NULL);
  const VqOptions *options = plan->options;
  VqChannel *channel = vq_guest_get_channel (guest);
  VqCancel *cancel = vq_guest_get_cancel (guest);

  vq_log_progress ("preparing the guest");
  return wait_for_network (guest, options, error)
         && vq_guest_setup_time_zone (channel, vq_deadline_in (STEP_SECONDS), cancel, error)
         && grow_disk (guest, options, error)
         && vq_guest_disks_set_up (plan->disks, channel, vq_deadline_in (DISKS_SECONDS), cancel,
                                   error)
         && vq_guest_grub_prepare (channel, "", vq_deadline_in (STEP_SECONDS), cancel, error)
         && install_agent (guest, options, error) && run_scripts (guest, options, error);
}
