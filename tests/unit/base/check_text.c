// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/text.h"

#include <check.h>
#include <string.h>

#include "suite.h"

static void
assert_shown (const char *bytes, gsize n, gsize max, const char *expected)
{
  g_autofree char *text = vq_text_printable (bytes, n, max);

  ck_assert_str_eq (text, expected);
}

CASE ("text", NULL, NULL, 60)

TEST (shown)
{
  static const char *const cases[][2] = {
    { "", "" },
    { "plain", "plain" },
    { "  \t a \r\n\v\f b  \n", "a b" },
    { "\x1b[31mred\x1b[0m\a", "red" },
    { "[\x1b[0;32m  OK  \x1b[0m] St\x1b[1marted", "[ OK ] Started" },
    { "\x1b[2J\x1b[01;01Ha\x1b[5;1Hb\x1b[Kc\x1b[?25hd", "a bcd" },
    { "\x1b]0;title\a$ \x1b]8;;x\x1b\\link\xc2\x9d"
      "0;t\xc2\x9c.",
      "$ link." },
    { "a\x1b]0;no end\nb", "a b" },
    { "a\x1b(Bb\x1b=c\x1b%Gd\x1bPq\x1b\\e", "abcde" },
    { "a\x1b", "a" },
    { "a\x1b[", "a" },
    { "a\x1b[31", "a" },
    { "a\x1b[31\nb", "a b" },
    { "a\x1b\xc3\xa9", "a\xc3\xa9" },
    { "\x7f\x01", "" },
    { "caf\xc3\xa9", "caf\xc3\xa9" },
    { "bad\xff\xc3", "bad\xef\xbf\xbd\xef\xbf\xbd" },
    { "c1\xc2\x9b"
      "31m",
      "c1" }, /* CSI in one character */
    { "\xe2\x80\xae"
      "txt",
      "txt" }, /* right to left */
    { "a\xe2\x80\xa8"
      "b\xc2\xa0"
      "c",
      "a b c" }, /* line separator, hard space */
    { "\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    assert_shown (cases[i][0], strlen (cases[i][0]), 100, cases[i][1]);
  assert_shown ("a\0b", 3, 100,
                "a\xef\xbf\xbd"
                "b");
  assert_shown ("abc", 2, 100, "ab");
}

TEST (limits)
{
  assert_shown ("12345", 5, 6, "12345");
  assert_shown ("12345", 5, 5, "12345");
  assert_shown ("12345", 5, 4, "...2345");
  assert_shown ("12345", 5, 1, "...5");
  assert_shown ("12345", 5, 0, "...");
  assert_shown ("", 0, 0, "");
  assert_shown ("12345", 5, G_MAXSIZE, "12345");
  assert_shown ("1234 ", 5, 4, "1234"); /* white space at the ends does not count */
}

/* A character is not cut: fewer bytes are kept. */
TEST (cut_between_characters)
{
  static const char *const kept[]
      = { "...", "...", "...\xc3\xa9", "...\xc3\xa9", "\xc3\xa9\xc3\xa9" };

  for (gsize max = 0; max < G_N_ELEMENTS (kept); max++)
    assert_shown ("\xc3\xa9\xc3\xa9", 4, max, kept[max]);
}

/* Every byte, alone and between others, gives one valid, printable line. */
TEST (every_byte)
{
  for (int c = 0; c < 256; c++)
    {
      const char bytes[] = { 'a', (char)c, 'b', (char)c };
      g_autofree char *text = vq_text_printable (bytes, sizeof bytes, 100);

      ck_assert (g_utf8_validate (text, -1, NULL));
      for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
        ck_assert (g_unichar_isprint (g_utf8_get_char (p)));
    }
}

TEST (keeps_the_last_bytes)
{
  g_autoptr (GString) text = g_string_new (NULL);

  vq_text_keep_last (text, "", 0, 4);
  ck_assert_str_eq (text->str, "");
  vq_text_keep_last (text, "a\0c", 3, 4);
  ck_assert_str_eq (text->str, "a c");
  vq_text_keep_last (text, "d", 1, 4);
  ck_assert_str_eq (text->str, "a cd");
  vq_text_keep_last (text, "e", 1, 4);
  ck_assert_str_eq (text->str, " cde");
  vq_text_keep_last (text, "fghijk\0", 7, 4);
  ck_assert_str_eq (text->str, "ijk ");
}

TEST (last_lines)
{
  static const struct
  {
    const char *text;
    guint lines;
    const char *expected;
  } cases[] = {
    { "", 3, "" },
    { "\n \r\n", 3, "" },
    { "one", 0, "" },
    { "one", 1, "one" },
    { "one\ntwo\n", 1, "two" },
    { "one\r\n\r\ntwo\rthree \n\n", 2, "two|three" },
    { "one\ntwo\nthree", G_MAXUINT, "one|two|three" },
    { "1234567\n\a\n12345\n", 2, "...34567|12345" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *text = vq_text_last_lines (cases[i].text, cases[i].lines, 5, "|");

      ck_assert_str_eq (text, cases[i].expected);
    }
}
