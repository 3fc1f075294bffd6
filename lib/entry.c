// SPDX-License-Identifier: GPL-2.0-or-later
#include "entry.h"

gboolean
vq_entry_is_ready (gpointer entry)
{
  return ((VqEntry *)entry)->class->is_ready (entry);
}

gboolean
vq_entry_open (VqEntry *entry, gint64 deadline, VqCancel *cancel, GError **error)
{
  if (entry->class->open (entry, deadline, cancel, error))
    return TRUE;
  g_prefix_error (error, "%s: ", entry->name);
  return FALSE;
}

gboolean
vq_entry_run (VqEntry *entry, const char *script, gint64 deadline, VqCancel *cancel, GError **error)
{
  if (entry->class->run (entry, script, deadline, cancel, error))
    return TRUE;
  g_prefix_error (error, "%s: ", entry->name);
  return FALSE;
}

char *
vq_entry_describe (VqEntry *entry)
{
  g_autofree char *what = entry->class->describe (entry);

  return g_strdup_printf ("%s: %s", entry->name, what);
}

void
vq_entry_free (VqEntry *entry)
{
  if (entry == NULL)
    return;
  g_free (entry->name);
  entry->class->free (entry);
}
