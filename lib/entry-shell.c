// SPDX-License-Identifier: GPL-2.0-or-later
#include "entry-shell.h"

#include "port-socket.h"
#include "root-shell.h"

/* Seconds for the guest to take what was sent last, where nobody may be reading. */
#define FINISH_SECONDS 0.5

typedef struct
{
  VqEntry parent;
  VqSerialLine *line;
  VqRootShell *shell;
} EntryShell;

static gboolean
entry_shell_is_ready (gpointer entry)
{
  return vq_root_shell_is_settled (((EntryShell *)entry)->shell);
}

static gboolean
entry_shell_open (VqEntry *entry, gint64 deadline, VqCancel *cancel, GError **error)
{
  return vq_root_shell_probe (((EntryShell *)entry)->shell, deadline, cancel, error);
}

static gboolean
entry_shell_run (VqEntry *entry, const char *script, gint64 deadline, VqCancel *cancel,
                 GError **error)
{
  return vq_root_shell_run (((EntryShell *)entry)->shell, script, deadline, cancel, error);
}

static char *
entry_shell_describe (VqEntry *entry)
{
  g_autofree char *words = vq_serial_line_last_words (((EntryShell *)entry)->line, FALSE);

  if (words[0] == '\0')
    return g_strdup ("no answer");
  return g_strdup_printf ("no answer, but \"%s\"", words);
}

static void
entry_shell_free (VqEntry *entry)
{
  EntryShell *self = (EntryShell *)entry;

  vq_root_shell_free (self->shell);
  vq_serial_line_finish (self->line, vq_deadline_in (FINISH_SECONDS), NULL);
  vq_serial_line_free (self->line);
  g_free (self);
}

VqEntry *
vq_entry_shell_new (const char *directory, const char *port, GError **error)
{
  static const VqEntryClass class = { .is_ready = entry_shell_is_ready,
                                      .open = entry_shell_open,
                                      .run = entry_shell_run,
                                      .describe = entry_shell_describe,
                                      .free = entry_shell_free };
  int fd = vq_port_socket_connect (directory, port, error);
  EntryShell *entry;

  if (fd < 0)
    return NULL;
  entry = g_new0 (EntryShell, 1);
  entry->parent.class = &class;
  entry->parent.name = g_strconcat ("root shell on ", port, NULL);
  entry->line = vq_serial_line_new (fd);
  entry->shell = vq_root_shell_new (entry->line);
  vq_root_shell_start (entry->shell);
  return &entry->parent;
}
