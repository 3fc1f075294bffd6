// SPDX-License-Identifier: GPL-2.0-or-later
/* Nothing that the guest says may steer the user's terminal. */
#include "base/text.h"
#include "base/visible-text.h"
#include "fuzz.h"

static void
check_harmless (const char *text, gboolean lines)
{
  g_assert (g_utf8_validate (text, -1, NULL));
  for (; *text != '\0'; text = g_utf8_next_char (text))
    {
      gunichar c = g_utf8_get_char (text);

      g_assert (!g_unichar_iscntrl (c) || (lines && (c == '\n' || c == '\t')));
    }
}

/* Carriage returns are left out, because so many of them that they are not all held back mean
 * something else in pieces.
 */
static char *
make_visible (const guint8 *bytes, gsize n, gsize piece)
{
  g_autoptr (VqVisibleText) self = vq_visible_text_new ();
  g_autoptr (GString) to = g_string_new (NULL);

  for (gsize i = 0; i < n; i += piece)
    vq_visible_text_add (self, (const char *)bytes + i, MIN (piece, n - i), to);
  vq_visible_text_end (self, to);
  g_string_replace (to, "^M", "", 0);
  return g_string_free (g_steal_pointer (&to), FALSE);
}

FUZZ (visible_text)
{
  g_autofree char *whole = make_visible (bytes, n, n + 1);
  g_autofree char *split = make_visible (bytes, n, 1);
  g_autofree char *line = vq_text_printable ((const char *)bytes, n, 40);
  g_autofree char *text = fuzz_text (bytes, n);
  g_autofree char *last = vq_text_last_lines (text, 3, 40, " | ");

  g_assert_cmpstr (whole, ==, split);
  check_harmless (whole, TRUE);
  check_harmless (line, FALSE);
  check_harmless (last, FALSE);
}
