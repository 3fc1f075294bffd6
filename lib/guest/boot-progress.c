// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/boot-progress.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "io/user-stderr.h"

/* Used if the terminal does not know its width. */
#define COLUMNS 80

#define ERASE "\r\033[K"

struct _VqBootProgress
{
  VqConsole *console;
  gint64 start;
  guint id;
  gboolean shown;
};

static guint
get_columns (void)
{
  struct winsize size;

  return ioctl (STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : COLUMNS;
}

static gboolean
show (gpointer data)
{
  VqBootProgress *progress = data;
  gint64 seconds = (g_get_monotonic_time () - progress->start) / G_USEC_PER_SEC;
  g_autofree char *said = vq_console_last_lines (progress->console, 1);
  g_autofree char *text = g_strdup_printf (ERASE "%3" G_GINT64_FORMAT " s: %s", seconds, said);
  glong columns = get_columns () + strlen (ERASE) - 1;

  if (g_utf8_strlen (text, -1) > columns)
    *g_utf8_offset_to_pointer (text, columns) = '\0';
  vq_user_stderr_write (text, strlen (text));
  progress->shown = TRUE;
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
  if (progress->shown)
    vq_user_stderr_write (ERASE, strlen (ERASE));
  g_free (progress);
}
