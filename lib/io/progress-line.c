// SPDX-License-Identifier: GPL-2.0-or-later
#include "io/progress-line.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "io/user-stderr.h"

/* Used if the terminal does not know its width. */
#define COLUMNS 80

#define ERASE "\r\033[K"

static gboolean shown;

static guint
get_columns (void)
{
  struct winsize size;

  return ioctl (STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : COLUMNS;
}

void
vq_progress_line_show (const char *text)
{
  g_autofree char *line = g_strconcat (ERASE, text, NULL);
  glong columns = get_columns () + strlen (ERASE) - 1;

  if (!vq_user_stderr_is_terminal ())
    return;
  if (g_utf8_strlen (line, -1) > columns)
    *g_utf8_offset_to_pointer (line, columns) = '\0';
  vq_user_stderr_write (line, strlen (line));
  shown = TRUE;
}

void
vq_progress_line_clear (void)
{
  if (shown)
    vq_user_stderr_write (ERASE, strlen (ERASE));
  shown = FALSE;
}
