// SPDX-License-Identifier: GPL-2.0-or-later
#include "downburst/downburst-log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/fd.h"

#define WORD "exists"
#define INSTEAD "is there"

static int file = -1;
static gboolean shows_debug;

/* TEXT without the word that has a meaning of its own. Transfer full. */
static char *
hide_word (const char *text)
{
  GString *hidden = g_string_new (text);

  g_string_replace (hidden, WORD, INSTEAD, 0);
  return g_string_free (hidden, FALSE);
}

static void
write_line (const char *level, const char *text)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  g_autofree char *time = g_date_time_format (now, "%Y-%m-%dT%H:%M:%S.%f");
  g_autofree char *shown = g_strdup_printf ("downburst: %s\n", text);
  g_autofree char *kept = g_strdup_printf ("%.23s %s:downburst:%s\n", time, level, text);

  fputs (shown, stderr);
  if (file < 0 || vq_fd_write_all (file, kept, strlen (kept)))
    return;
  fprintf (stderr, "downburst: cannot write the log file: %s\n", g_strerror (errno));
  vq_fd_clear (&file);
}

static void
note (const char *domain, GLogLevelFlags level, const char *message, gpointer data)
{
  g_autofree char *text = hide_word (message);

  if ((level & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL)) != 0)
    g_log_default_handler (domain, level, message, data);
  else if ((level & G_LOG_LEVEL_WARNING) != 0)
    write_line ("WARNING", text);
  else if ((level & G_LOG_LEVEL_DEBUG) == 0)
    write_line ("INFO", text);
  else if (shows_debug)
    write_line ("DEBUG", text);
}

gboolean
vq_downburst_log_open (const char *path, gboolean verbose, GError **error)
{
  shows_debug = verbose;
  g_log_set_default_handler (note, NULL);
  if (path == NULL)
    return TRUE;
  file = open (path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0666);
  return file >= 0 || vq_error_set_errno (error, errno, "cannot open the log file %s", path);
}

void
vq_downburst_log_failure (const GError *error)
{
  gboolean has_meaning = g_error_matches (error, VQ_ERROR, VQ_ERROR_EXISTS);
  g_autofree char *text = has_meaning ? g_strdup (error->message) : hide_word (error->message);

  write_line ("ERROR", text);
}
