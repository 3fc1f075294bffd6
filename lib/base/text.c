// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/text.h"

#include <string.h>

static void
append_visible (GString *line, gunichar c)
{
  if (g_unichar_isprint (c) && !g_unichar_isspace (c))
    g_string_append_unichar (line, c);
  else if (line->len > 0 && line->str[line->len - 1] != ' ')
    g_string_append_c (line, ' ');
}

char *
vq_text_printable (const char *bytes, gsize n, gsize max)
{
  g_autofree char *valid = g_utf8_make_valid (bytes, n);
  GString *line = g_string_new (NULL);
  const char *start;

  for (const char *p = valid; *p != '\0'; p = g_utf8_next_char (p))
    append_visible (line, g_utf8_get_char (p));
  g_strchomp (line->str);
  line->len = strlen (line->str);
  if (line->len <= max)
    return g_string_free (line, FALSE);
  start = g_utf8_find_next_char (line->str + line->len - max - 1, NULL);
  g_string_erase (line, 0, start - line->str);
  g_string_prepend (line, "...");
  return g_string_free (line, FALSE);
}
