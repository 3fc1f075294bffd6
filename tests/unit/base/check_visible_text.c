// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/visible-text.h"

#include <check.h>
#include <string.h>

#include "suite.h"

static const struct
{
  const char *bytes, *shown;
} rows[] = {
  { "", "" },
  { "plain\ttext\n", "plain\ttext\n" },
  { "dos\r\nserial\r\r\n", "dos\nserial\n" },
  { "progress 1\rprogress 2\n", "progress 1^Mprogress 2\n" },
  { "a\r\r\rb", "a^M^M^Mb" },
  { "end\r", "end" },
  { "grub\n\r\rnext\r\n", "grub\nnext\n" },
  { "\r\r\n\ra\rb", "\na^Mb" },
  { "\033]0;title\007", "^[]0;title^G" },
  { "\033[2J\033[1;1Hx", "^[[2J^[[1;1Hx" },
  { "[\033[0;32m  OK  \033[0m] Started\033[m.", "[  OK  ] Started." },
  { "\033[32", "^[[32" },
  { "\033[", "^[[" },
  { "\033", "^[" },
  { "\033\033[1m\033c", "^[^[c" },
  { "\033[1111111111111111111111111111111111111111mx",
    "^[[1111111111111111111111111111111111111111mx" },
  { "\b\177", "^H^?" },
  { "\303\244\342\202\254\360\237\230\200", "\303\244\342\202\254\360\237\230\200" },
  { "\302\233"
    "2J",
    "<U+009B>2J" },
  { "\342\200\256evil", "<U+202E>evil" },
  { "a\377b\303(", "a<FF>b<C3>(" },
  { "cut \342\202", "cut <E2><82>" },
  { "\300\200", "<C0><80>" },
};

static void
assert_shown (gsize row, gsize step)
{
  g_autoptr (VqVisibleText) text = vq_visible_text_new ();
  g_autoptr (GString) to = g_string_new (NULL);
  const char *bytes = rows[row].bytes;
  gsize n = strlen (bytes);

  for (gsize i = 0; i < n; i += step)
    vq_visible_text_add (text, bytes + i, MIN (step, n - i), to);
  vq_visible_text_end (text, to);
  ck_assert_str_eq (to->str, rows[row].shown);
}

CASE ("visible-text", NULL, NULL, 60)

/* However the text is cut in pieces. */
TEST_LOOP (cut_in_pieces, 0, G_N_ELEMENTS (rows))
{
  for (gsize step = 1; step <= strlen (rows[_i].bytes) + 1; step++)
    assert_shown (_i, step);
}

TEST (nul)
{
  g_autoptr (VqVisibleText) text = vq_visible_text_new ();
  g_autoptr (GString) to = g_string_new (NULL);

  vq_visible_text_add (text, "\0a\0\r\0\nb\0", 8, to);
  ck_assert_str_eq (to->str, "^@a^@^M^@\nb^@");
}

/* What no terminal may get, whatever comes: any pair of bytes, and what follows it. */
TEST (nothing_invisible)
{
  for (int i = 0; i < 65536; i++)
    {
      const char bytes[] = { i >> 8, i & 255, '[', '0', 'm', i >> 8 };
      g_autoptr (VqVisibleText) text = vq_visible_text_new ();
      g_autoptr (GString) to = g_string_new (NULL);

      vq_visible_text_add (text, bytes, sizeof bytes, to);
      vq_visible_text_end (text, to);
      ck_assert (g_utf8_validate (to->str, to->len, NULL));
      for (const char *p = to->str; *p != '\0'; p = g_utf8_next_char (p))
        ck_assert (*p == '\n' || *p == '\t' || g_unichar_isprint (g_utf8_get_char (p)));
    }
}

/* Nothing grows without a bound while it is held back. */
TEST (carriage_returns_for_ever)
{
  g_autoptr (VqVisibleText) text = vq_visible_text_new ();
  g_autoptr (GString) to = g_string_new (NULL);

  vq_visible_text_add (text, "x", 1, to);
  for (int i = 0; i < 1000; i++)
    vq_visible_text_add (text, "\r", 1, to);
  vq_visible_text_add (text, "x", 1, to);
  ck_assert_uint_lt (to->len, 100);
}
