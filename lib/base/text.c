// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/text.h"

#include <string.h>

/* Terminals know each of these as ESC and the letter that comes 0x40 later, too. */
#define CSI 0x9b
#define C1_TO_LETTER 0x40

/* What the letter after ESC begins: a text that goes on to the next control character. */
static gboolean
begins_text (gunichar letter)
{
  return letter == ']' || letter == 'P' || letter == 'X' || letter == '^' || letter == '_';
}

/* A text ends with BEL, or with ESC and a backslash. Any other control character shows that its end
 * is missing, and is no part of it. */
static const char *
skip_text (const char *p)
{
  while (*p != '\0' && !g_unichar_iscntrl (g_utf8_get_char (p)))
    p = g_utf8_next_char (p);
  if (*p == '\a')
    return p + 1;
  if (g_utf8_get_char (p) == 0x9c)
    return g_utf8_next_char (p);
  return p[0] == '\033' && p[1] == '\\' ? p + 2 : p;
}

/* Goes over what has one final character. *MOVES is whether that moves the cursor. */
static const char *
skip_short (const char *p, gboolean is_csi, gboolean *moves)
{
  if (is_csi)
    p += strspn (p, "0123456789:;<=>?");
  p += strspn (p, " !\"#$%&'()*+,-./");
  *moves = is_csi && *p != '\0' && strchr ("ABCDEFGHdf", *p) != NULL;
  return *p >= 0x30 && *p <= 0x7e ? p + 1 : p;
}

/* The end of the terminal's sequence (ECMA-48) that begins at P, or P if none does. */
static const char *
skip_sequence (const char *p, gboolean *moves)
{
  gunichar c = g_utf8_get_char (p);
  gboolean is_escape = c == '\033';
  gunichar letter = is_escape ? (guchar)p[1] : c - C1_TO_LETTER;
  const char *rest = g_utf8_next_char (p);

  if (!is_escape && c != CSI && !(c > 0x80 && c < 0xa0 && begins_text (letter)))
    return p;
  if (is_escape && (letter == '[' || begins_text (letter)))
    rest++;
  return begins_text (letter) ? skip_text (rest) : skip_short (rest, letter == '[', moves);
}

static void
append_visible (GString *line, gunichar c)
{
  if (g_unichar_isprint (c) && !g_unichar_isspace (c))
    g_string_append_unichar (line, c);
  else if (line->len > 0 && line->str[line->len - 1] != ' ')
    g_string_append_c (line, ' ');
}

/* What a cursor that was moved writes is no part of the word before. */
static void
append_all (GString *line, const char *text)
{
  for (const char *p = text; *p != '\0';)
    {
      gboolean moves = FALSE;
      const char *end = skip_sequence (p, &moves);

      if (end == p || moves)
        append_visible (line, end == p ? g_utf8_get_char (p) : ' ');
      p = end == p ? g_utf8_next_char (p) : end;
    }
}

char *
vq_text_printable (const char *bytes, gsize n, gsize max)
{
  g_autofree char *valid = g_utf8_make_valid (bytes, n);
  GString *line = g_string_new (NULL);
  const char *start;

  append_all (line, valid);
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
