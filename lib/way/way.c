// SPDX-License-Identifier: GPL-2.0-or-later
#include "way/way.h"

#include "base/error.h"

gboolean
vq_way_is_ready (gpointer way)
{
  return ((VqWay *)way)->class->is_ready (way);
}

gboolean
vq_way_open (VqWay *way, gint64 deadline, VqCancel *cancel, GError **error)
{
  VQ_ERROR_PREFIX (error, "%s", way->name);

  return way->class->open (way, deadline, cancel, error);
}

gboolean
vq_way_run (VqWay *way, const char *script, gint64 deadline, VqCancel *cancel, GError **error)
{
  return way->class->run (way, script, deadline, cancel, error);
}

char *
vq_way_describe (VqWay *way)
{
  g_autofree char *what = way->class->describe (way);

  return g_strdup_printf ("%s: %s", way->name, what);
}

void
vq_way_free (VqWay *way)
{
  if (way == NULL)
    return;
  g_free (way->name);
  way->class->free (way);
}
