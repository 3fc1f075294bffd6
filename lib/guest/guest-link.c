// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/guest-link.h"

#include <string.h>

#include "way/ways.h"
#include "way/way-ssh.h"
#include "base/error.h"
#include "channel/guest-agent.h"
#include "guest/guest-identity.h"
#include "guest/guest-setup.h"
#include "guest/way-choice.h"
#include "helper/helper-channel.h"
#include "guest/helper-push.h"
#include "helper/helper-renew.h"
#include "qemu/qemu-port.h"
#include "base/programs.h"
#include "qemu/qemu-port.h"

/* QEMU tells of the machine's end, and of a system that goes down, only so much later than the
 * helper's connection ends. */
#define GRACE_MS 2000
/* How many microseconds the clock of a fork may be late. */
#define CLOCK_SLACK (20 * 1000)

struct _VqGuestLink
{
  const VqPlan *plan;
  VqQemu *qemu;
  const char *directory;
  VqGuestAgent *agent;  /* NULL where it is not wanted, and in a fork */
  VqSshLogin *ssh;      /* not owned */
  VqHelperPort *helper; /* NULL where it is not wanted, and while the guest is going down */
  VqChannel *channel;   /* NULL: not open */
  gboolean warned;      /* of the slow channel */
};

/* To be given to every wait for the system in the guest. */
static VqCancel *
get_cancel (VqGuestLink *link)
{
  return vq_boot_watch_get_cancel (vq_qemu_get_boots (link->qemu));
}

static int
connect_port (VqGuestLink *link, VqQemuPort port, gint64 deadline, GError **error)
{
  return vq_qemu_port_connect (link->directory, vq_qemu_port_get_socket (port), deadline,
                               get_cancel (link), error);
}

static void
on_agent_port (gboolean open, gpointer data)
{
  vq_guest_agent_set_open (data, open);
}

static void
on_helper_port (gboolean open, gpointer data)
{
  vq_helper_port_set_open (data, open);
}

static void
on_shell_port (gboolean open, gpointer data)
{
  vq_helper_port_set_driver_down (data, !open);
}

static void
on_helper_failed (const GError *reason, gpointer data)
{
  VqGuestLink *link = data;

  if (link->channel != NULL)
    vq_qemu_lose_helper (link->qemu, reason);
}

static void
disconnect_helper (VqGuestLink *link)
{
  vq_qemu_on_port (link->qemu, VQ_QEMU_PORT_HELPER, NULL, NULL);
  vq_qemu_on_port (link->qemu, VQ_QEMU_PORT_SHELL, NULL, NULL);
  g_clear_pointer (&link->helper, vq_helper_port_free);
}

static gboolean
connect_helper (VqGuestLink *link, gint64 deadline, GError **error)
{
  int fd = connect_port (link, VQ_QEMU_PORT_HELPER, deadline, error);

  if (fd < 0)
    return FALSE;
  link->helper = vq_helper_port_new (fd);
  vq_helper_port_on_failed (link->helper, on_helper_failed, link);
  vq_helper_port_set_grace (link->helper, GRACE_MS);
  vq_qemu_on_port (link->qemu, VQ_QEMU_PORT_HELPER, on_helper_port, link->helper);
  vq_qemu_on_port (link->qemu, VQ_QEMU_PORT_SHELL, on_shell_port, link->helper);
  return TRUE;
}

static void
disconnect_agent (VqGuestLink *link)
{
  vq_qemu_on_port (link->qemu, VQ_QEMU_PORT_AGENT, NULL, NULL);
  g_clear_pointer (&link->agent, vq_guest_agent_free);
}

static gboolean
connect_agent (VqGuestLink *link, gint64 deadline, GError **error)
{
  int fd = connect_port (link, VQ_QEMU_PORT_AGENT, deadline, error);

  if (fd < 0)
    return FALSE;
  link->agent = vq_guest_agent_new (fd);
  vq_qemu_on_port (link->qemu, VQ_QEMU_PORT_AGENT, on_agent_port, link->agent);
  return TRUE;
}

VqGuestLink *
vq_guest_link_new (const VqPlan *plan, VqQemu *qemu, const char *directory, VqSshLogin *ssh)
{
  VqGuestLink *link = g_new0 (VqGuestLink, 1);

  link->plan = plan;
  link->qemu = qemu;
  link->directory = directory;
  link->ssh = ssh;
  return link;
}

static void
close_channel (VqGuestLink *link)
{
  g_clear_pointer (&link->channel, vq_channel_free);
}

void
vq_guest_link_free (VqGuestLink *link)
{
  if (link == NULL)
    return;
  close_channel (link);
  disconnect_helper (link);
  disconnect_agent (link);
  g_free (link);
}

/* After a failed push: nothing of it may come to the next. */
static gboolean
reconnect_helper (VqGuestLink *link, gint64 deadline, GError **error)
{
  disconnect_helper (link);
  return connect_helper (link, deadline, error);
}

/* Brings in the helper for guests of ARCHITECTURE; MACHINE as for vq_helper_push. */
static gboolean
push_helper (VqGuestLink *link, VqWay *way, const char *architecture, const char *machine,
             gint64 deadline, GError **error)
{
  g_autofree char *program = vq_programs_find_helper (architecture, error);

  if (program == NULL
      || !vq_helper_push (link->helper, way, program, machine, deadline, get_cancel (link), error))
    return FALSE;
  link->channel = vq_helper_channel_new (link->helper);
  return TRUE;
}

/* Whether the guest's kernel is of the other architecture that this machine runs, if any. */
static gboolean
is_other_kernel (VqGuestLink *link, VqWay *way, gint64 deadline)
{
  const VqArch *arch = link->plan->arch;
  g_autofree char *script = g_strdup_printf ("[ \"$(uname -m)\" != %s ]", arch->kernel);

  return arch->kernel_else != NULL && vq_way_run (way, script, deadline, get_cancel (link), NULL);
}

/* The guest is asked for its kernel only when that can be the reason of a failure, because asking
 * takes time. */
static gboolean
open_helper (VqGuestLink *link, VqWay *way, gint64 deadline, GError **error)
{
  const VqArch *arch = link->plan->arch;
  GError *why = NULL;

  if (push_helper (link, way, arch->dpkg, arch->kernel, deadline, &why))
    return TRUE;
  if (is_other_kernel (link, way, deadline))
    {
      g_clear_error (&why);
      return reconnect_helper (link, deadline, error)
             && push_helper (link, way, arch->kernel_else, NULL, deadline, error);
    }
  g_propagate_error (error, why);
  return FALSE;
}

static void
warn_of_fallback (VqGuestLink *link, const GError *why)
{
  if (!link->warned)
    g_warning ("the guest helper cannot be used, so commands and copies are slow, and testbeds are "
               "booted (ssh): %s; --channel=ssh silences this",
               why->message);
  link->warned = TRUE;
}

/* Keeps the channel of WAY; FALSE if it is none of ssh. */
static gboolean
keep_ssh_channel (VqGuestLink *link, VqWay *way)
{
  link->channel = vq_way_ssh_take_channel (way);
  if (link->channel != NULL)
    disconnect_helper (link);
  return link->channel != NULL;
}

static gboolean
open_channel (VqGuestLink *link, VqWay *way, gint64 deadline, GError **error)
{
  VqChannelChoice choice = link->plan->options->channel;
  g_autoptr (GError) why = NULL;

  if (choice == VQ_CHANNEL_SSH)
    return keep_ssh_channel (link, way);
  if (open_helper (link, way, deadline, &why))
    return TRUE;
  if (choice == VQ_CHANNEL_HELPER || vq_cancel_reason (get_cancel (link)) != NULL
      || !keep_ssh_channel (link, way))
    {
      g_propagate_prefixed_error (
          error, g_steal_pointer (&why),
          "cannot bring the helper into the guest (--channel=ssh needs none): ");
      return FALSE;
    }
  warn_of_fallback (link, why);
  return TRUE;
}

/* The connections are made anew for each boot: nothing that the system before has left unread may
 * come to the next. */
static gboolean
start_anew (VqGuestLink *link, gint64 deadline, GError **error)
{
  const VqOptions *options = link->plan->options;

  close_channel (link);
  disconnect_helper (link);
  disconnect_agent (link);
  return (options->guest_agent == VQ_AGENT_OFF || connect_agent (link, deadline, error))
         && (options->channel == VQ_CHANNEL_SSH || connect_helper (link, deadline, error));
}

/* Opens one way after the other, until a channel can be made through one. A helper that is missing
 * on the host would be missed again. */
static gboolean
try_ways (VqGuestLink *link, VqWays *ways, gint64 deadline, GError **error)
{
  VqWay *way;

  while ((way = vq_ways_open_one (ways, deadline, get_cancel (link), error)) != NULL)
    {
      GError *why = NULL;

      if (open_channel (link, way, deadline, &why))
        return TRUE;
      if (vq_error_is_missing (why))
        {
          g_propagate_error (error, why);
          return FALSE;
        }
      vq_ways_refuse (ways, way, why);
      if (!reconnect_helper (link, deadline, error))
        return FALSE;
    }
  return FALSE;
}

/* The ways that are not needed any more are left when the channel is there. */
gboolean
vq_guest_link_open (VqGuestLink *link, gint64 deadline, GError **error)
{
  g_autoptr (VqWays) ways = NULL;

  if (!start_anew (link, deadline, error))
    return FALSE;
  ways = vq_way_choice_new (link->plan, link->directory, vq_qemu_get_console (link->qemu),
                            link->agent, link->ssh, deadline, get_cancel (link), error);
  return ways != NULL && try_ways (link, ways, deadline, error);
}

gboolean
vq_guest_link_resume (VqGuestLink *link, gint64 deadline, GError **error)
{
  VqCancel *cancel = get_cancel (link);

  if (!connect_helper (link, deadline, error)
      || !vq_helper_port_sync (link->helper, deadline, cancel, error)
      || !vq_helper_renew (link->helper, CLOCK_SLACK, deadline, cancel, error))
    return FALSE;
  link->channel = vq_helper_channel_new (link->helper);
  return TRUE;
}

gboolean
vq_guest_link_renew (VqGuestLink *link, gint64 deadline, GError **error)
{
  return vq_helper_renew (link->helper, CLOCK_SLACK, deadline, get_cancel (link), error);
}

gboolean
vq_guest_link_has_helper (VqGuestLink *link)
{
  return link->helper != NULL && link->channel != NULL;
}

VqChannel *
vq_guest_link_get_channel (VqGuestLink *link)
{
  return link->channel;
}

gboolean
vq_guest_link_renew_identity (VqGuestLink *link, const char *machine_id, const char *host_key,
                              gint64 deadline, GError **error)
{
  return vq_guest_identity_renew (link->helper, link->channel, machine_id, host_key, deadline,
                                  get_cancel (link), error);
}

void
vq_guest_link_power_off (VqGuestLink *link)
{
  if (link->channel != NULL)
    vq_guest_setup_power_off (link->channel);
  else if (link->agent != NULL)
    vq_guest_agent_power_off (link->agent);
}

void
vq_guest_link_reboot (VqGuestLink *link)
{
  if (link->channel != NULL)
    vq_guest_setup_reboot (link->channel);
  else if (link->agent != NULL)
    vq_guest_agent_reboot (link->agent);
}
