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

/* Adds WAY to WAYS. Returns FALSE if WAY is NULL because it could not be made. */
static gboolean
add (VqWays *ways, VqWay *way, VqWayRank rank)
{
  if (way != NULL)
    vq_ways_add (ways, way, rank);
  return way != NULL;
}

/* The virtio console comes before the serial port, which transfers byte by byte. */
static gboolean
add_shells (VqWays *ways, const VqPlan *plan, const char *directory, GError **error)
{
  const char *serial = plan->arch->serial[1];

  return add (ways, vq_way_shell_new (directory, "hvc1", error), VQ_WAY_NORMAL)
         && (serial == NULL
             || add (ways, vq_way_shell_new (directory, serial, error), VQ_WAY_NORMAL));
}

static void
add_ssh (VqWays *ways, VqSshLogin *ssh, gint64 deadline)
{
  if (ssh->user != NULL && ssh->port != 0)
    vq_ways_add (ways, vq_way_ssh_new (ssh, deadline), VQ_WAY_NORMAL);
}

static gboolean
add_login (VqWays *ways, const VqPlan *plan, const char *directory, GError **error)
{
  const VqOptions *options = plan->options;

  return add (
      ways,
      vq_way_login_new (directory, plan->arch->serial[0], options->user, options->password, error),
      VQ_WAY_LAST_RESORT);
}

/* For --channel=ssh. */
static gboolean
add_only_ssh (VqWays *ways, VqSshLogin *ssh, gint64 deadline, GError **error)
{
  if (ssh->port == 0)
    return vq_error_set (error, VQ_ERROR_FAILED,
                         "no port of 127.0.0.1 is free to reach the guest's ssh server");
  add_ssh (ways, ssh, deadline);
  return TRUE;
}

static gboolean
add_all (VqWays *ways, const VqPlan *plan, const char *directory, VqSshLogin *ssh, gint64 deadline,
         GError **error)
{
  if (!add_shells (ways, plan, directory, error))
    return FALSE;
  add_ssh (ways, ssh, deadline);
  return add_login (ways, plan, directory, error);
}

VqWays *
vq_way_choice_new (const VqPlan *plan, const char *directory, VqConsole *console,
                   VqGuestAgent *agent, VqSshLogin *ssh, gint64 deadline, GError **error)
{
  VqChannelChoice channel = plan->options->channel;
  g_autoptr (VqWays) ways = vq_ways_new (console, plan->cloud_seed ? PATIENCE_WITH_SEED : PATIENCE);
  gboolean only_agent = plan->options->guest_agent == VQ_AGENT_REQUIRE;

  if (agent != NULL && channel != VQ_CHANNEL_SSH)
    vq_ways_add (ways, vq_way_agent_new (agent), VQ_WAY_NORMAL);
  if (only_agent
      || (channel == VQ_CHANNEL_SSH ? add_only_ssh (ways, ssh, deadline, error)
                                    : add_all (ways, plan, directory, ssh, deadline, error)))
    return g_steal_pointer (&ways);
  return NULL;
}
