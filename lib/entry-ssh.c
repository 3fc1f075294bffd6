// SPDX-License-Identifier: GPL-2.0-or-later
#include "entry-ssh.h"

#include "channel-run.h"

typedef struct
{
  VqEntry parent;
  VqSshLogin *login;   /* not owned */
  VqSshClient *client; /* NULL: taken */
} EntrySsh;

static gboolean
entry_ssh_is_ready (gpointer entry)
{
  return vq_ssh_client_is_settled (((EntrySsh *)entry)->client);
}

static gboolean
entry_ssh_open (VqEntry *entry, gint64 deadline, VqCancel *cancel, GError **error)
{
  EntrySsh *self = (EntrySsh *)entry;

  return vq_ssh_client_wait (self->client, self->login, deadline, cancel, error);
}

static gboolean
entry_ssh_run (VqEntry *entry, const char *script, gint64 deadline, VqCancel *cancel,
               GError **error)
{
  const char *const argv[] = { "/bin/sh", "-c", script, NULL };

  return vq_channel_run (vq_ssh_client_get_channel (((EntrySsh *)entry)->client), argv, NULL, NULL,
                         deadline, cancel, error);
}

static char *
entry_ssh_describe (VqEntry *entry)
{
  return g_strdup ("no answer that lets us in");
}

static void
entry_ssh_free (VqEntry *entry)
{
  vq_ssh_client_free (((EntrySsh *)entry)->client);
  g_free (entry);
}

static const VqEntryClass entry_ssh_class = { .is_ready = entry_ssh_is_ready,
                                              .open = entry_ssh_open,
                                              .run = entry_ssh_run,
                                              .describe = entry_ssh_describe,
                                              .free = entry_ssh_free };

VqEntry *
vq_entry_ssh_new (VqSshLogin *login, const char *directory, gint64 deadline, GError **error)
{
  VqSshClient *client = vq_ssh_client_start (login, directory, deadline, error);
  EntrySsh *entry;

  if (client == NULL)
    return NULL;
  entry = g_new0 (EntrySsh, 1);
  entry->parent.class = &entry_ssh_class;
  entry->parent.name = g_strconcat ("ssh as ", login->user, NULL);
  entry->login = login;
  entry->client = client;
  return &entry->parent;
}

VqSshClient *
vq_entry_ssh_take_client (VqEntry *entry)
{
  return entry->class == &entry_ssh_class ? g_steal_pointer (&((EntrySsh *)entry)->client) : NULL;
}
