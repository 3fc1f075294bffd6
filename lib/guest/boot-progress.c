// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/boot-progress.h"

#include "io/progress-line.h"
#include "io/user-stderr.h"

struct _VqBootProgress
{
  VqConsole *console;
  gint64 start;
  guint id;
};

static gboolean
show (gpointer data)
{
  VqBootProgress *progress = data;
  gint64 seconds = (g_get_monotonic_time () - progress->start) / G_USEC_PER_SEC;
  g_autofree char *said = vq_console_last_lines (progress->console, 1);
  g_autofree char *text = g_strdup_printf ("%3" G_GINT64_FORMAT " s: %s", seconds, said);

  vq_progress_line_show (text);
  return G_SOURCE_CONTINUE;
}

VqBootProgress *
vq_boot_progress_new (VqConsole *console)
{
  VqBootProgress *progress = g_new0 (VqBootProgress, 1);

  progress->console = console;
  progress->start = g_get_monotonic_time ();
  if (vq_user_stderr_is_terminal ())
    progress->id = g_timeout_add_seconds (1, show, progress);
  return progress;
}

void
vq_boot_progress_free (VqBootProgress *progress)
{
  if (progress == NULL)
    return;
  g_clear_handle_id (&progress->id, g_source_remove);
  vq_progress_line_clear ();
  g_free (progress);
}
