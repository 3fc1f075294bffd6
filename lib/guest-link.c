// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest-link.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent-channel.h"
#include "error.h"
#include "guest-agent.h"
#include "helper-channel.h"
#include "helper-push.h"
#include "helper-request.h"
#include "programs.h"

/* Where the agent's channel keeps its script in the guest: a tmpfs on every system. */
#define GUEST_DIRECTORY "/run/virt-qemu"

/* QEMU tells of the machine's end, and of a system that goes down, only so much later than the
 * helper's connection ends. */
#define GRACE_MS 2000

struct _VqGuestLink
{
  const VqPlan *plan;
  VqQemu *qemu;
  const char *directory;
  VqGuestAgent *agent;
  VqHelperPort *helper;  /* NULL where it is not wanted, and while the guest is going down */
  VqChannel *channel;    /* NULL: not open */
  gboolean end_expected; /* the guest is going down: so will the helper */
  gboolean warned;       /* of the slow channel */
};

/* QEMU listens before its monitor greets us: this connects at once. */
static int
connect_port (VqGuestLink *link, VqPort port, GError **error)
{
  g_autofree char *path = g_build_filename (link->directory, vq_port_get_socket (port), NULL);
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_strlcpy (address.sun_path, path, sizeof address.sun_path);
  if (fd >= 0 && connect (fd, (struct sockaddr *)&address, sizeof address) == 0)
    return fd;
  vq_set_errno (error, errno, "cannot connect to QEMU's socket %s", path);
  if (fd >= 0)
    close (fd);
  return -1;
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

/* Without its helper a machine is of no use. */
static void
on_helper_failed (const GError *reason, gpointer data)
{
  VqGuestLink *link = data;
  g_autoptr (GError) error = NULL;

  if (link->channel == NULL || link->end_expected)
    return;
  vq_set_error (&error, VQ_ERROR_MACHINE, "%s", reason->message);
  vq_cancel_trigger (vq_qemu_get_cancel (link->qemu), error);
}

static void
disconnect_helper (VqGuestLink *link)
{
  vq_qemu_on_port (link->qemu, VQ_PORT_HELPER, NULL, NULL);
  g_clear_pointer (&link->helper, vq_helper_port_free);
}

static gboolean
connect_helper (VqGuestLink *link, GError **error)
{
  int fd = connect_port (link, VQ_PORT_HELPER, error);

  if (fd < 0)
    return FALSE;
  link->helper = vq_helper_port_new (fd);
  vq_helper_port_on_failed (link->helper, on_helper_failed, link);
  vq_helper_port_set_grace (link->helper, GRACE_MS);
  vq_qemu_on_port (link->qemu, VQ_PORT_HELPER, on_helper_port, link->helper);
  return TRUE;
}

static gboolean
connect_agent (VqGuestLink *link, GError **error)
{
  int fd = connect_port (link, VQ_PORT_AGENT, error);

  if (fd < 0)
    return FALSE;
  link->agent = vq_guest_agent_new (fd);
  vq_qemu_on_port (link->qemu, VQ_PORT_AGENT, on_agent_port, link->agent);
  return TRUE;
}

VqGuestLink *
vq_guest_link_new (const VqPlan *plan, VqQemu *qemu, const char *directory, GError **error)
{
  g_autoptr (VqGuestLink) link = g_new0 (VqGuestLink, 1);

  link->plan = plan;
  link->qemu = qemu;
  link->directory = directory;
  if (!connect_agent (link, error))
    return NULL;
  return g_steal_pointer (&link);
}

void
vq_guest_link_free (VqGuestLink *link)
{
  if (link == NULL)
    return;
  link->end_expected = TRUE;
  vq_channel_free (link->channel);
  disconnect_helper (link);
  vq_qemu_on_port (link->qemu, VQ_PORT_AGENT, NULL, NULL);
  vq_guest_agent_free (link->agent);
  g_free (link);
}

/* Says in a failure to get into the guest what the user can do about it. */
static void
explain_no_agent (VqGuestLink *link, GError **error)
{
  g_autofree char *console = vq_console_last_lines (vq_qemu_get_console (link->qemu), 3);

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

static gboolean
open_helper (VqGuestLink *link, gint64 deadline, GError **error)
{
  g_autofree char *program = vq_programs_find_helper (link->plan->arch->dpkg, error);

  if (program == NULL
      || !vq_helper_push (link->helper, link->agent, program, deadline,
                          vq_qemu_get_cancel (link->qemu), error))
    return FALSE;
  link->channel = vq_helper_channel_new (link->helper);
  return TRUE;
}

static void
warn_of_agent (VqGuestLink *link, const GError *why)
{
  if (!link->warned)
    g_warning ("the guest helper cannot be used, so commands and copies are slow (guest agent): "
               "%s; --channel=agent silences this",
               why->message);
  link->warned = TRUE;
}

static gboolean
open_channel (VqGuestLink *link, gint64 deadline, GError **error)
{
  VqChannelChoice choice = link->plan->options->channel;
  VqCancel *cancel = vq_qemu_get_cancel (link->qemu);
  g_autoptr (GError) why = NULL;

  if (choice != VQ_CHANNEL_AGENT)
    {
      if (open_helper (link, deadline, &why))
        return TRUE;
      if (choice == VQ_CHANNEL_HELPER || vq_cancel_reason (cancel) != NULL)
        {
          g_propagate_error (error, g_steal_pointer (&why));
          return FALSE;
        }
      warn_of_agent (link, why);
    }
  disconnect_helper (link);
  link->channel = vq_agent_channel_new (link->agent, GUEST_DIRECTORY, deadline, cancel, error);
  return link->channel != NULL;
}

/* The helper's connection is made anew for each boot: nothing that the system before has left
 * unread may come to the next. */
static gboolean
start_anew (VqGuestLink *link, GError **error)
{
  g_clear_pointer (&link->channel, vq_channel_free);
  disconnect_helper (link);
  link->end_expected = FALSE;
  return link->plan->options->channel == VQ_CHANNEL_AGENT || connect_helper (link, error);
}

gboolean
vq_guest_link_open (VqGuestLink *link, gint64 deadline, GError **error)
{
  if (!start_anew (link, error))
    return FALSE;
  if (!vq_guest_agent_sync (link->agent, deadline, vq_qemu_get_cancel (link->qemu), error))
    {
      explain_no_agent (link, error);
      return FALSE;
    }
  return open_channel (link, deadline, error);
}

/* The agent's port is open as it was; it is asked only when something is wanted of it. */
gboolean
vq_guest_link_resume (VqGuestLink *link, gint64 deadline, GError **error)
{
  VqCancel *cancel = vq_qemu_get_cancel (link->qemu);

  vq_guest_agent_set_open (link->agent, TRUE);
  if (!connect_helper (link, error) || !vq_helper_port_sync (link->helper, deadline, cancel, error)
      || !vq_helper_request_set_clock (link->helper, deadline, cancel, error)
      || !vq_helper_request_add_entropy (link->helper, deadline, cancel, error))
    return FALSE;
  link->channel = vq_helper_channel_new (link->helper);
  return TRUE;
}

gboolean
vq_guest_link_has_helper (VqGuestLink *link)
{
  return link->helper != NULL && link->channel != NULL;
}

void
vq_guest_link_expect_end (VqGuestLink *link)
{
  link->end_expected = TRUE;
}

VqChannel *
vq_guest_link_get_channel (VqGuestLink *link)
{
  return link->channel;
}

void
vq_guest_link_power_off (VqGuestLink *link)
{
  link->end_expected = TRUE;
  vq_guest_agent_power_off (link->agent);
}

void
vq_guest_link_reboot (VqGuestLink *link)
{
  link->end_expected = TRUE;
  vq_guest_agent_reboot (link->agent);
}
