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

void
vq_text_keep_last (GString *text, const char *bytes, gsize n, gsize max)
{
  gsize before = text->len;

  g_string_append_len (text, bytes, n);
  for (char *p = text->str + before; p < text->str + text->len; p++)
    if (*p == '\0')
      *p = ' ';
  if (text->len > max)
    g_string_erase (text, 0, text->len - max);
}

char *
vq_text_last_lines (const char *text, guint lines, gsize max, const char *between)
{
  g_auto (GStrv) all = g_strsplit_set (text, "\r\n", -1);
  GString *joined = g_string_new (NULL);

  for (guint i = g_strv_length (all); i > 0 && lines > 0; i--)
    {
      g_autofree char *line = vq_text_printable (all[i - 1], strlen (all[i - 1]), max);

      if (line[0] == '\0')
        continue;
      g_string_prepend (joined, joined->len > 0 ? between : "");
      g_string_prepend (joined, line);
      lines--;
    }
  return g_string_free (joined, FALSE);
}
