// SPDX-License-Identifier: GPL-2.0-or-later
#include "io/log.h"

#include <check.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "leaks.h"
#include "suite.h"

static int saved; /* stderr */
static int ends[2];

/* stderr is a pipe of ours during a test. */
static void
setup (void)
{
  static gboolean ready;

  leaks_begin ();
  if (!ready)
    vq_log_init ("prog");
  ready = TRUE; /* once for a process, whatever CK_FORK says */
  saved = fcntl (STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
  ck_assert_int_eq (pipe2 (ends, O_CLOEXEC), 0);
  ck_assert_int_eq (dup2 (ends[1], STDERR_FILENO), STDERR_FILENO);
  close (ends[1]);
}

/* Gives stderr back and compares what was written to it. */
static void
assert_written (const char *expected)
{
  char buffer[8192];
  gsize n = 0;
  gssize got;

  dup2 (saved, STDERR_FILENO);
  while ((got = read (ends[0], buffer + n, sizeof buffer - 1 - n)) > 0)
    n += got;
  buffer[n] = '\0';
  ck_assert_str_eq (buffer, expected);
}

static void
teardown (void)
{
  close (saved);
  close (ends[0]);
  leaks_assert_none ();
}

CASE ("log", setup, teardown, 60)

TEST (levels)
{
  g_message ("a %d", 1);
  g_warning ("b");
  g_critical ("c");
  assert_written ("prog: a 1\nprog: warning: b\nprog: error: c\n");
}

/* What the guest said is in many messages: each stays one line, and cannot steer the terminal. */
TEST (strange_text)
{
  g_message ("two\nlines\r\n and \x1b[2J\xff");
  g_message ("%s", "");
  assert_written ("prog: two lines and \xef\xbf\xbd\nprog: \n");
}

TEST (long_text)
{
  g_autofree char *text = g_strnfill (5000, 'x');
  g_autofree char *line = g_strdup_printf ("prog: %s\n", text);

  g_message ("%s", text);
  assert_written (line);
}

TEST (repeats)
{
  g_message ("a");
  g_message ("b");
  g_message ("a");
  g_message ("a");
  g_warning ("a");
  for (int i = 0; i < 200000; i++)
    g_message ("again");
  g_message ("c");
  assert_written ("prog: a\nprog: b\nprog: a\nprog: (the same again, 1 time)\n"
                  "prog: warning: a\nprog: again\n"
                  "prog: (the same again, 1 time)\nprog: (the same again, 10 times)\n"
                  "prog: (the same again, 100 times)\nprog: (the same again, 1000 times)\n"
                  "prog: (the same again, 10000 times)\nprog: (the same again, 100000 times)\n"
                  "prog: (the same again, 199999 times)\nprog: c\n");
}

/* What happens again is told again. */
TEST (later_repeats)
{
  for (int i = 0; i < 2; i++)
    {
      g_message ("a");
      g_usleep (1100 * 1000);
    }
  assert_written ("prog: a\nprog: a\n");
}

/* The file has what the user does not see, too. */
TEST (copy)
{
  g_autofree char *directory = g_dir_make_tmp ("vq-log-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (directory, "trace", NULL);
  g_autofree char *text = NULL;

  ck_assert (!vq_log_copy_to (directory, NULL));
  ck_assert (vq_log_copy_to (path, NULL));
  g_debug ("a\nb");
  g_warning ("c");
  ck_assert (g_file_get_contents (path, &text, NULL, NULL));
  ck_assert_msg (
      g_regex_match_simple ("\\A[0-9:.]{15} debug: a b\n[0-9:.]{15} warning: c\n\\z", text, 0, 0),
      "%s", text);
  ck_assert (!vq_log_copy_to ("/dev/full/x", NULL)); /* ends the copy */
  ck_assert (vq_log_copy_to ("/dev/full", NULL));
  g_message ("d");
  assert_written ("prog: warning: c\nprog: d\n");
  g_unlink (path);
  g_rmdir (directory);
}

/* Last: it cannot be undone. */
TEST (debug_messages)
{
  g_debug ("hidden");
  g_info ("hidden");
  vq_log_show_debug ();
  g_debug ("shown");
  g_info ("shown, too");
  assert_written ("prog: debug: shown\nprog: debug: shown, too\n");
}
