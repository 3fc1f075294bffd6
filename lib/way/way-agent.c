// SPDX-License-Identifier: GPL-2.0-or-later
#include "way/way-agent.h"

/* How many seconds an agent that has opened its port may take to answer. After that other ways are
 * tried. */
#define SYNC_SECONDS 10

typedef struct
{
  VqWay parent;
  VqGuestAgent *agent; /* not owned */
} WayAgent;

static gboolean
way_agent_is_ready (gpointer way)
{
  return vq_guest_agent_is_open (((WayAgent *)way)->agent);
}

static gboolean
way_agent_open (VqWay *way, gint64 deadline, VqCancel *cancel, GError **error)
{
  gint64 soon = MIN (deadline, vq_deadline_in (SYNC_SECONDS));

  return vq_guest_agent_sync (((WayAgent *)way)->agent, soon, cancel, error);
}

static gboolean
way_agent_run (VqWay *way, const char *script, gint64 deadline, VqCancel *cancel, GError **error)
{
  const char *const argv[] = { "/bin/sh", "-c", script, NULL };

  return vq_guest_agent_run (((WayAgent *)way)->agent, argv, deadline, cancel, error);
}

static char *
way_agent_describe (VqWay *way)
{
  return g_strdup ("no sign of it");
}

static void
way_agent_free (VqWay *way)
{
  g_free (way);
}

VqWay *
vq_way_agent_new (VqGuestAgent *agent)
{
  static const VqWayClass class = { .is_ready = way_agent_is_ready,
                                    .open = way_agent_open,
                                    .run = way_agent_run,
                                    .describe = way_agent_describe,
                                    .free = way_agent_free };
  WayAgent *way = g_new0 (WayAgent, 1);

  way->parent.class = &class;
  way->parent.name = g_strdup ("qemu-guest-agent");
  way->agent = agent;
  return &way->parent;
}
