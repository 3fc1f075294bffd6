// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/way-choice.h"

#include "way/way-agent.h"
#include "way/way-login.h"
#include "way/way-shell.h"
#include "way/way-ssh.h"
#include "base/error.h"

/* How many seconds the other ways still get when the login on the console has failed. With
 * cloud-init the ssh server starts late. */
#define PATIENCE 30
#define PATIENCE_WITH_SEED 120

/* What all ways need. */
typedef struct
{
  VqWays *ways;
  const VqPlan *plan;
  const char *directory;
  gint64 deadline;
  VqCancel *cancel;
} Choice;

/* Adds WAY. It is NULL if it could not be made, for the reason WHY (taken over): that is a failure,
 * unless another program uses the port. */
static gboolean
add (const Choice *choice, VqWay *way, VqWayRank rank, GError *why, GError **error)
{
  g_autoptr (GError) reason = why;

  if (way != NULL)
    vq_ways_add (choice->ways, way, rank);
  else if (vq_error_is_timeout (reason))
    g_warning ("%s; until then it is no way into the guest", reason->message);
  else
    g_propagate_error (error, g_steal_pointer (&reason));
  return way != NULL || reason != NULL;
}

static gboolean
add_shell (const Choice *choice, const char *port, GError **error)
{
  GError *why = NULL;
  VqWay *way = vq_way_shell_new (choice->directory, port, choice->deadline, choice->cancel, &why);

  return add (choice, way, VQ_WAY_NORMAL, why, error);
}

/* The virtio console comes before the serial port, which transfers byte by byte. */
static gboolean
add_shells (const Choice *choice, GError **error)
{
  const char *serial = choice->plan->arch->serial[1];

  return add_shell (choice, "hvc1", error) && (serial == NULL || add_shell (choice, serial, error));
}

static void
add_ssh (const Choice *choice, VqSshLogin *ssh)
{
  if (ssh->user != NULL && ssh->port != 0)
    vq_ways_add (choice->ways, vq_way_ssh_new (ssh, choice->deadline), VQ_WAY_NORMAL);
}

static gboolean
add_login (const Choice *choice, const char *port, GError **error)
{
  const VqOptions *options = choice->plan->options;
  GError *why = NULL;
  VqWay *way = vq_way_login_new (choice->directory, port, options->user, options->password,
                                 choice->deadline, choice->cancel, &why);

  return add (choice, way, VQ_WAY_LAST_RESORT, why, error);
}

/* Many systems have a login prompt on both. The console's comes first, because it is watched. */
static gboolean
add_logins (const Choice *choice, GError **error)
{
  const char *console = choice->plan->arch->serial[0];

  return add_login (choice, console, error)
         && (g_str_equal (console, "hvc0") || add_login (choice, "hvc0", error));
}

/* For --channel=ssh. */
static gboolean
add_only_ssh (const Choice *choice, VqSshLogin *ssh, GError **error)
{
  if (ssh->port == 0)
    return vq_error_set (error, VQ_ERROR_FAILED,
                         "no port of 127.0.0.1 is free to reach the guest's ssh server, or the "
                         "guest has no card in the user network (--nic=user)");
  add_ssh (choice, ssh);
  return TRUE;
}

static gboolean
add_all (const Choice *choice, VqSshLogin *ssh, GError **error)
{
  if (!add_shells (choice, error))
    return FALSE;
  add_ssh (choice, ssh);
  return add_logins (choice, error);
}

VqWays *
vq_way_choice_new (const VqPlan *plan, const char *directory, VqConsole *console,
                   VqGuestAgent *agent, VqSshLogin *ssh, gint64 deadline, VqCancel *cancel,
                   GError **error)
{
  VqChannelChoice channel = plan->options->channel;
  g_autoptr (VqWays) ways = vq_ways_new (console, plan->cloud_seed ? PATIENCE_WITH_SEED : PATIENCE);
  const Choice choice = { ways, plan, directory, deadline, cancel };
  gboolean only_agent = plan->options->guest_agent == VQ_AGENT_REQUIRE;

  if (agent != NULL && channel != VQ_CHANNEL_SSH)
    vq_ways_add (ways, vq_way_agent_new (agent), VQ_WAY_NORMAL);
  if (only_agent
      || (channel == VQ_CHANNEL_SSH ? add_only_ssh (&choice, ssh, error)
                                    : add_all (&choice, ssh, error)))
    return g_steal_pointer (&ways);
  return NULL;
}
