// SPDX-License-Identifier: GPL-2.0-or-later
#include "entry-agent.h"

/* Seconds for an agent that has opened its port to say something. Another way may be open then. */
#define SYNC_SECONDS 10

typedef struct
{
  VqEntry parent;
  VqGuestAgent *agent; /* not owned */
} EntryAgent;

static gboolean
entry_agent_is_ready (gpointer entry)
{
  return vq_guest_agent_is_open (((EntryAgent *)entry)->agent);
}

static gboolean
entry_agent_open (VqEntry *entry, gint64 deadline, VqCancel *cancel, GError **error)
{
  gint64 soon = MIN (deadline, vq_deadline_in (SYNC_SECONDS));

  return vq_guest_agent_sync (((EntryAgent *)entry)->agent, soon, cancel, error);
}

static gboolean
entry_agent_run (VqEntry *entry, const char *script, gint64 deadline, VqCancel *cancel,
                 GError **error)
{
  const char *const argv[] = { "/bin/sh", "-c", script, NULL };

  return vq_guest_agent_run (((EntryAgent *)entry)->agent, argv, NULL, NULL, deadline, cancel,
                             error);
}

static char *
entry_agent_describe (VqEntry *entry)
{
  return g_strdup ("no sign of it");
}

static void
entry_agent_free (VqEntry *entry)
{
  g_free (entry);
}

VqEntry *
vq_entry_agent_new (VqGuestAgent *agent)
{
  static const VqEntryClass class = { .is_ready = entry_agent_is_ready,
                                      .open = entry_agent_open,
                                      .run = entry_agent_run,
                                      .describe = entry_agent_describe,
                                      .free = entry_agent_free };
  EntryAgent *entry = g_new0 (EntryAgent, 1);

  entry->parent.class = &class;
  entry->parent.name = g_strdup ("qemu-guest-agent");
  entry->agent = agent;
  return &entry->parent;
}
