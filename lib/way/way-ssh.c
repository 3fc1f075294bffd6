// SPDX-License-Identifier: GPL-2.0-or-later
#include "way/way-ssh.h"

#include "channel/channel-capture.h"

typedef struct
{
  VqWay parent;
  VqSshLogin *login;   /* not owned */
  VqSshClient *client; /* NULL once it has been taken */
} EntrySsh;

static gboolean
way_ssh_is_ready (gpointer way)
{
  return vq_ssh_client_is_settled (((EntrySsh *)way)->client);
}

static gboolean
way_ssh_open (VqWay *way, gint64 deadline, VqCancel *cancel, GError **error)
{
  EntrySsh *self = (EntrySsh *)way;

  return vq_ssh_client_wait (self->client, self->login, deadline, cancel, error);
}

static gboolean
way_ssh_run (VqWay *way, const char *script, gint64 deadline, VqCancel *cancel, GError **error)
{
  const char *const argv[] = { "/bin/sh", "-c", script, NULL };

  return vq_channel_capture (vq_ssh_client_get_channel (((EntrySsh *)way)->client), argv, NULL,
                             NULL, deadline, cancel, error);
}

static char *
way_ssh_describe (VqWay *way)
{
  return g_strdup ("no answer that lets us in");
}

static void
way_ssh_free (VqWay *way)
{
  vq_ssh_client_free (((EntrySsh *)way)->client);
  g_free (way);
}

static const VqWayClass way_ssh_class = { .is_ready = way_ssh_is_ready,
                                          .open = way_ssh_open,
                                          .run = way_ssh_run,
                                          .describe = way_ssh_describe,
                                          .free = way_ssh_free };

VqWay *
vq_way_ssh_new (VqSshLogin *login, const char *directory, gint64 deadline, GError **error)
{
  VqSshClient *client = vq_ssh_client_start (login, directory, deadline, error);
  EntrySsh *way;

  if (client == NULL)
    return NULL;
  way = g_new0 (EntrySsh, 1);
  way->parent.class = &way_ssh_class;
  way->parent.name = g_strconcat ("ssh as ", login->user, NULL);
  way->login = login;
  way->client = client;
  return &way->parent;
}

VqSshClient *
vq_way_ssh_take_client (VqWay *way)
{
  return way->class == &way_ssh_class ? g_steal_pointer (&((EntrySsh *)way)->client) : NULL;
}
