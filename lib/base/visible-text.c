// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/visible-text.h"

#include <string.h>

/* The longest sequence of colours that is left out. */
#define COLOURS_MAX 32

struct _VqVisibleText
{
  GString *held;    /* bytes that are not shown yet */
  gboolean in_line; /* not at the beginning of a line */
};

VqVisibleText *
vq_visible_text_new (void)
{
  VqVisibleText *self = g_new0 (VqVisibleText, 1);

  self->held = g_string_new (NULL);
  return self;
}

void
vq_visible_text_free (VqVisibleText *self)
{
  if (self == NULL)
    return;
  g_string_free (self->held, TRUE);
  g_free (self);
}

/* The functions below look at what begins at P and ends before END. They return how many bytes they
 * have dealt with, or 0 if more bytes are needed to know. */

/* Several carriage returns before the end of a line come from a terminal in the guest that adds its
 * own. GRUB writes them at the beginning of a line. */
static gsize
add_returns (const char *p, const char *end, gboolean in_line, GString *to)
{
  gsize n = strspn (p, "\r");

  if (in_line && p + n == end)
    return 0;
  for (gsize i = 0; in_line && p[n] != '\n' && i < n; i++)
    g_string_append (to, "^M");
  return n;
}

static gsize
add_escape (const char *p, const char *end, GString *to)
{
  gsize n = 1;

  if (p + 1 < end && p[1] == '[')
    n = 2 + strspn (p + 2, "0123456789;");
  if (p + n == end && n < COLOURS_MAX)
    return 0;
  if (n > 1 && n < COLOURS_MAX && p[n] == 'm')
    return n + 1;
  g_string_append (to, "^[");
  return 1;
}

static gsize
add_character (const char *p, const char *end, GString *to)
{
  gunichar c = g_utf8_get_char_validated (p, end - p);

  /* To GLib, bytes before a NUL may be incomplete, too. */
  if (c == (gunichar)-2 && strnlen (p, end - p) == (gsize)(end - p))
    return 0;
  if (c == (gunichar)-2 || c == (gunichar)-1)
    {
      g_string_append_printf (to, "<%02X>", (guint8)*p);
      return 1;
    }
  if (c < 0x20 || c == 0x7f)
    g_string_append_printf (to, "^%c", (char)(c ^ 0x40));
  else if (g_unichar_isprint (c))
    g_string_append_unichar (to, c);
  else
    g_string_append_printf (to, "<U+%04X>", c);
  return g_unichar_to_utf8 (c, NULL);
}

static gsize
add_one (const char *p, const char *end, gboolean in_line, GString *to)
{
  if (*p == '\r')
    return add_returns (p, end, in_line, to);
  if (*p == '\033')
    return add_escape (p, end, to);
  if (*p != '\n' && *p != '\t' && *p != '\0')
    return add_character (p, end, to);
  if (*p != '\0')
    g_string_append_c (to, *p);
  else
    g_string_append (to, "^@");
  return 1;
}

void
vq_visible_text_add (VqVisibleText *self, const char *bytes, gsize n, GString *to)
{
  const char *p, *end;
  gsize done;

  g_string_append_len (self->held, bytes, n);
  p = self->held->str;
  end = p + self->held->len;
  while (p < end && (done = add_one (p, end, self->in_line, to)) > 0)
    {
      self->in_line = p[done - 1] != '\n' && (self->in_line || *p != '\r');
      p += done;
    }
  g_string_erase (self->held, 0, p - self->held->str);
  if (self->held->len > COLOURS_MAX) /* nothing but carriage returns */
    vq_visible_text_end (self, to);
}

/* Bytes of which nothing else can come of are shown one by one; carriage returns mean nothing at
 * the end. */
void
vq_visible_text_end (VqVisibleText *self, GString *to)
{
  for (const char *p = self->held->str; *p != '\0'; p++)
    if (*p == '\033')
      g_string_append (to, "^[");
    else if ((guint8)*p >= 0x80)
      g_string_append_printf (to, "<%02X>", (guint8)*p);
    else if (*p != '\r')
      g_string_append_c (to, *p);
  g_string_truncate (self->held, 0);
}
