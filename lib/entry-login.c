// SPDX-License-Identifier: GPL-2.0-or-later
#include "entry-login.h"

#include "error.h"
#include "port-socket.h"
#include "serial-login.h"

/* So long a prompt must have been there. Other ways are asked each second. */
#define SETTLE_SECONDS 5

/* For a login with all its prompts. Under TCG each takes some seconds. */
#define LOGIN_SECONDS 120

#define FINISH_SECONDS 1.0

typedef struct
{
  VqEntry parent;
  const char *user;     /* not owned; NULL: root */
  const char *password; /* not owned; NULL: none */
  VqSerialLine *line;
  VqRootShell *shell; /* NULL: not logged in */
  guint settle_id;    /* runs while there is a prompt */
  gboolean settled;
} EntryLogin;

static gboolean
on_settled (gpointer data)
{
  EntryLogin *self = data;

  self->settle_id = 0;
  self->settled = vq_serial_login_has_prompt (self->line);
  return G_SOURCE_REMOVE;
}

static void
on_heard (gpointer data)
{
  EntryLogin *self = data;

  if (self->settle_id == 0 && !self->settled && vq_serial_login_has_prompt (self->line))
    self->settle_id = g_timeout_add_seconds (SETTLE_SECONDS, on_settled, self);
}

static gboolean
entry_login_is_ready (gpointer entry)
{
  return ((EntryLogin *)entry)->settled;
}

static gboolean
entry_login_open (VqEntry *entry, gint64 deadline, VqCancel *cancel, GError **error)
{
  EntryLogin *self = (EntryLogin *)entry;
  gint64 soon = MIN (deadline, vq_deadline_in (LOGIN_SECONDS));

  vq_serial_line_on_heard (self->line, NULL, NULL);
  self->shell = vq_serial_login_open (self->line, self->user, self->password, soon, cancel, error);
  return self->shell != NULL;
}

static gboolean
entry_login_run (VqEntry *entry, const char *script, gint64 deadline, VqCancel *cancel,
                 GError **error)
{
  return vq_root_shell_run (((EntryLogin *)entry)->shell, script, deadline, cancel, error);
}

static char *
entry_login_describe (VqEntry *entry)
{
  return g_strdup ("no prompt");
}

static void
entry_login_free (VqEntry *entry)
{
  EntryLogin *self = (EntryLogin *)entry;
  gboolean is_in = self->shell != NULL;

  vq_serial_line_on_heard (self->line, NULL, NULL);
  g_clear_handle_id (&self->settle_id, g_source_remove);
  vq_root_shell_free (self->shell);
  if (is_in)
    vq_serial_login_leave (self->line);
  vq_serial_line_finish (self->line, vq_deadline_in (FINISH_SECONDS), NULL);
  vq_serial_line_free (self->line);
  g_free (self);
}

VqEntry *
vq_entry_login_new (const char *directory, const char *port, const char *user, const char *password,
                    GError **error)
{
  static const VqEntryClass class = { .is_ready = entry_login_is_ready,
                                      .open = entry_login_open,
                                      .run = entry_login_run,
                                      .describe = entry_login_describe,
                                      .free = entry_login_free };
  int fd = vq_port_socket_connect (directory, port, error);
  EntryLogin *entry;

  if (fd < 0)
    return NULL;
  entry = g_new0 (EntryLogin, 1);
  entry->parent.class = &class;
  entry->parent.name = g_strconcat ("login on ", port, NULL);
  entry->user = user;
  entry->password = password;
  entry->line = vq_serial_line_new (fd);
  vq_serial_line_on_heard (entry->line, on_heard, entry);
  return &entry->parent;
}
