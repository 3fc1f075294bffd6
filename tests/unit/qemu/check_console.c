// SPDX-License-Identifier: GPL-2.0-or-later
#include "qemu/console.h"

#include <check.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "leaks.h"
#include "suite.h"

static VqConsole *console;

static void
setup (void)
{
  leaks_begin ();
  console = vq_console_new (FALSE, NULL);
  ck_assert_ptr_nonnull (console);
}

static void
teardown (void)
{
  g_clear_pointer (&console, vq_console_free);
  leaks_assert_none ();
  ck_assert (!g_main_context_pending (NULL));
}

static void
say_bytes (const char *bytes, gsize n)
{
  ck_assert_int_eq (write (vq_console_get_writer (console), bytes, n), (gssize)n);
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static void
say (const char *text)
{
  say_bytes (text, strlen (text));
}

static void
assert_last (guint lines, const char *expected)
{
  g_autofree char *text = vq_console_last_lines (console, lines);

  ck_assert_str_eq (text, expected);
}

CASE ("console", setup, teardown, 60)

TEST (silence)
{
  gint64 before = g_get_monotonic_time ();

  ck_assert (!vq_console_has_spoken (console));
  ck_assert_int_eq (vq_console_get_last_time (console), 0);
  assert_last (3, "");
  say (" \r\n\r\n");
  ck_assert (vq_console_has_spoken (console));
  ck_assert_int_ge (vq_console_get_last_time (console), before);
  assert_last (3, "");
}

TEST (last_lines)
{
  say ("one\r\n\r\n  two \r\nthree\r\nfo");
  say ("ur");
  assert_last (0, "");
  assert_last (1, "four");
  assert_last (3, "two | three | four");
  assert_last (4, "one | two | three | four");
  assert_last (5, "one | two | three | four");
}

/* None of it reaches a terminal as it is, and none hides what follows. */
TEST (strange_bytes)
{
  say ("\x1b[2J\x1b[01;31mred\x1b[0m\r\n");
  assert_last (1, "red");
  say_bytes ("a\0b\r\n\0\0\nlast\0", 13);
  assert_last (2, "a b | last");
  say ("\r\n\xff\xfe");
  assert_last (1, "\xef\xbf\xbd\xef\xbf\xbd");
}

TEST (long_lines)
{
  g_autofree char *line = g_strnfill (300, 'x');
  g_autofree char *kept = g_strnfill (200, 'x');
  g_autofree char *expected = g_strdup_printf ("...%s", kept);

  say (line);
  assert_last (1, expected);
}

/* Only the last KB are kept, whatever the guest says. */
TEST (bounded)
{
  g_autofree char *block = g_strnfill (4000, '\n');
  g_autofree char *text = NULL;

  memcpy (block, "old", 3);
  for (guint i = 0; i < 2; i++)
    say (block);
  assert_last (5, "old | old");
  for (guint i = 0; i < 4000; i += 4)
    memcpy (block + i, "new\n", 4);
  for (guint i = 0; i < 100; i++)
    say (block);
  text = vq_console_last_lines (console, 100000);
  ck_assert (g_str_has_prefix (text, "new | new"));
  ck_assert_uint_le (strlen (text), 8192 / 4 * 6);
  ck_assert_uint_ge (strlen (text), 8188 / 4 * 6 - 3);
}

/* For --log-dir more of it is kept, as it came. */
TEST (kept_text)
{
  g_autofree char *block = g_strnfill (4000, 'x');
  gsize n;

  vq_console_keep (console, 20000);
  say ("gone");
  for (guint i = 0; i < 4; i++)
    say (block);
  say ("\033[1mbold\r\n");
  ck_assert (g_str_has_prefix (vq_console_get_text (console, &n), "gonexxx"));
  ck_assert_uint_eq (n, 4 + 4 * 4000 + 10);
  say (block);
  ck_assert (g_str_has_suffix (vq_console_get_text (console, &n), "xxx"));
  ck_assert_uint_eq (n, 20000);
  ck_assert_ptr_nonnull (strstr (vq_console_get_text (console, &n), "x\033[1mbold\r\nx"));
  ck_assert_ptr_null (strstr (vq_console_get_text (console, &n), "gone"));
}

TEST (writer_closed)
{
  int copy = fcntl (vq_console_get_writer (console), F_DUPFD_CLOEXEC, 0);

  vq_console_close_writer (console);
  vq_console_close_writer (console);
  ck_assert_int_eq (vq_console_get_writer (console), -1);
  ck_assert_int_eq (write (copy, "bye", 3), 3);
  close (copy); /* as when QEMU ends: nothing spins, what was said stays */
  for (guint i = 0; i < 10; i++)
    g_main_context_iteration (NULL, FALSE);
  ck_assert (!g_main_context_pending (NULL));
  assert_last (1, "bye");
}

TEST (shown)
{
  int saved = fcntl (STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
  int ends[2];
  char buffer[100] = "";

  vq_console_free (console);
  console = vq_console_new (TRUE, NULL);
  ck_assert_int_eq (pipe2 (ends, O_CLOEXEC), 0);
  dup2 (ends[1], STDERR_FILENO);
  say ("boot \033]0;title\007\r\n");
  dup2 (saved, STDERR_FILENO);
  close (saved);
  close (ends[1]);
  ck_assert_int_eq (read (ends[0], buffer, sizeof buffer - 1), 18);
  ck_assert_str_eq (buffer, "boot ^[]0;title^G\n");
  close (ends[0]);
}

TEST (close_on_exec)
{
  ck_assert_int_eq (fcntl (vq_console_get_writer (console), F_GETFD), FD_CLOEXEC);
  vq_console_free (NULL);
}
