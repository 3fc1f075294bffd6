// SPDX-License-Identifier: GPL-2.0-or-later
#include "verb/check-line.h"

static void
line_free (gpointer data)
{
  VqCheckLine *line = data;

  g_free (line->found);
  g_free (line->advice);
  g_free (line);
}

GPtrArray *
vq_check_line_new_array (void)
{
  return g_ptr_array_new_with_free_func (line_free);
}

VqCheckLine *
vq_check_line_add (GPtrArray *lines, const char *name, VqCheckState state, const char *advice,
                   const char *format, ...)
{
  VqCheckLine *line = g_new0 (VqCheckLine, 1);
  va_list args;

  va_start (args, format);
  line->found = g_strdup_vprintf (format, args);
  va_end (args);
  line->name = name;
  line->state = state;
  line->advice = g_strdup (advice);
  g_ptr_array_add (lines, line);
  return line;
}

void
vq_check_line_add_error (GPtrArray *lines, const char *name, VqCheckState state,
                         const GError *error)
{
  g_auto (GStrv) parts = g_strsplit (error->message, ": ", 2);

  vq_check_line_add (lines, name, state, parts[1], "%s", parts[0]);
}

const char *
vq_check_line_get_state (const VqCheckLine *line)
{
  static const char *const words[] = {
    [VQ_CHECK_OK] = "ok",
    [VQ_CHECK_WARNING] = "warning",
    [VQ_CHECK_ERROR] = "error",
  };

  return words[line->state];
}
