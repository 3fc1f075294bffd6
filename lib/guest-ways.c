// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest-ways.h"

#include "entry-agent.h"
#include "entry-login.h"
#include "entry-shell.h"
#include "entry-ssh.h"
#include "error.h"

/* Seconds that other ways get when nobody can log in on the console. cloud-init starts the ssh
 * server late. */
#define PATIENCE 30
#define PATIENCE_WITH_SEED 120

/* Adds what was made to ENTRIES; FALSE if it could not be made. */
static gboolean
add (VqEntries *entries, VqEntry *entry, VqEntryRank rank)
{
  if (entry != NULL)
    vq_entries_add (entries, entry, rank);
  return entry != NULL;
}

/* The virtio console before the serial port, which takes a byte at a time. */
static gboolean
add_shells (VqEntries *entries, const VqPlan *plan, const char *directory, GError **error)
{
  const char *serial = plan->arch->serial[1];

  return add (entries, vq_entry_shell_new (directory, "hvc1", error), VQ_ENTRY_NORMAL)
         && (serial == NULL
             || add (entries, vq_entry_shell_new (directory, serial, error), VQ_ENTRY_NORMAL));
}

static gboolean
add_ssh (VqEntries *entries, const char *directory, VqSshLogin *ssh, gint64 deadline,
         GError **error)
{
  return ssh->user == NULL || ssh->port == 0
         || add (entries, vq_entry_ssh_new (ssh, directory, deadline, error), VQ_ENTRY_NORMAL);
}

static gboolean
add_login (VqEntries *entries, const VqPlan *plan, const char *directory, GError **error)
{
  const VqOptions *options = plan->options;

  return add (entries,
              vq_entry_login_new (directory, plan->arch->serial[0], options->user,
                                  options->password, error),
              VQ_ENTRY_LAST_RESORT);
}

/* Nothing but ssh. */
static gboolean
add_only_ssh (VqEntries *entries, const char *directory, VqSshLogin *ssh, gint64 deadline,
              GError **error)
{
  if (ssh->port == 0)
    return vq_set_error (error, VQ_ERROR_FAILED,
                         "no port of 127.0.0.1 is free to reach the guest's ssh server");
  return add_ssh (entries, directory, ssh, deadline, error);
}

static gboolean
add_all (VqEntries *entries, const VqPlan *plan, const char *directory, VqSshLogin *ssh,
         gint64 deadline, GError **error)
{
  return add_shells (entries, plan, directory, error)
         && add_ssh (entries, directory, ssh, deadline, error)
         && add_login (entries, plan, directory, error);
}

VqEntries *
vq_guest_ways_new (const VqPlan *plan, const char *directory, VqConsole *console,
                   VqGuestAgent *agent, VqSshLogin *ssh, gint64 deadline, GError **error)
{
  VqChannelChoice channel = plan->options->channel;
  g_autoptr (VqEntries) entries
      = vq_entries_new (console, plan->cloud_seed ? PATIENCE_WITH_SEED : PATIENCE);
  gboolean only_agent
      = channel == VQ_CHANNEL_AGENT || plan->options->guest_agent == VQ_AGENT_REQUIRE;

  if (agent != NULL && channel != VQ_CHANNEL_SSH)
    vq_entries_add (entries, vq_entry_agent_new (agent), VQ_ENTRY_NORMAL);
  if (only_agent
      || (channel == VQ_CHANNEL_SSH ? add_only_ssh (entries, directory, ssh, deadline, error)
                                    : add_all (entries, plan, directory, ssh, deadline, error)))
    return g_steal_pointer (&entries);
  return NULL;
}
