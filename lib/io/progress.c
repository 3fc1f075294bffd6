// SPDX-License-Identifier: GPL-2.0-or-later
#include "io/progress.h"

#include "io/progress-line.h"
#include "io/user-stderr.h"

struct _VqProgress
{
  VqProgressSay say;
  gpointer data;
  gint64 start;
  guint id; /* 0: nothing is shown */
};

static gboolean hidden;

void
vq_progress_hide (void)
{
  hidden = TRUE;
}

static gboolean
show (gpointer data)
{
  const VqProgress *progress = data;
  gint64 seconds = (g_get_monotonic_time () - progress->start) / G_USEC_PER_SEC;
  g_autofree char *said = progress->say (progress->data);
  g_autofree char *text = g_strdup_printf ("%3" G_GINT64_FORMAT " s: %s", seconds, said);

  vq_progress_line_show (text);
  return G_SOURCE_CONTINUE;
}

VqProgress *
vq_progress_new (VqProgressSay say, gpointer data)
{
  VqProgress *progress = g_new0 (VqProgress, 1);

  progress->say = say;
  progress->data = data;
  progress->start = g_get_monotonic_time ();
  if (!hidden && vq_user_stderr_is_terminal ())
    progress->id = g_timeout_add_seconds (1, show, progress);
  return progress;
}

static char *
say_text (gpointer data)
{
  return g_strdup (data);
}

VqProgress *
vq_progress_new_text (const char *text)
{
  return vq_progress_new (say_text, (gpointer)text);
}

void
vq_progress_free (VqProgress *progress)
{
  if (progress == NULL)
    return;
  if (progress->id != 0)
    {
      g_source_remove (progress->id);
      vq_progress_line_clear ();
    }
  g_free (progress);
}
