// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/log.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

static const char *program;
static gboolean show_debug;
static gboolean is_raw;

static const char *
prefix (GLogLevelFlags level)
{
  if (level & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL))
    return "error: ";
  if (level & G_LOG_LEVEL_WARNING)
    return "warning: ";
  return level & (G_LOG_LEVEL_DEBUG | G_LOG_LEVEL_INFO) ? "debug: " : "";
}

static void
write_line (GLogLevelFlags level, const char *text, gssize n)
{
  g_autofree char *line = vq_text_printable (text, n >= 0 ? (gsize)n : strlen (text), G_MAXSIZE);

  fprintf (stderr, "%s: %s%s%s", program, prefix (level), line,
           is_raw && isatty (STDERR_FILENO) ? "\r\n" : "\n");
}

static GLogWriterOutput
write_message (GLogLevelFlags level, const GLogField *fields, gsize n, gpointer data)
{
  if ((level & (G_LOG_LEVEL_DEBUG | G_LOG_LEVEL_INFO)) && !show_debug)
    return G_LOG_WRITER_HANDLED;
  for (gsize i = 0; i < n; i++)
    if (g_str_equal (fields[i].key, "MESSAGE"))
      write_line (level, fields[i].value, fields[i].length);
  return G_LOG_WRITER_HANDLED;
}

void
vq_log_show_debug (void)
{
  show_debug = TRUE;
}

void
vq_log_set_raw (gboolean raw)
{
  is_raw = raw;
}

void
vq_log_init (const char *name)
{
  program = name;
  g_log_set_writer_func (write_message, NULL, NULL);
}

void
vq_log_progress (const char *what)
{
  if (isatty (STDERR_FILENO))
    g_message ("%s", what);
  else
    g_debug ("%s", what);
}
