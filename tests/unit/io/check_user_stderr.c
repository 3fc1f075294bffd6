// SPDX-License-Identifier: GPL-2.0-or-later
/* stderr is a pipe or a pseudo-terminal, of which this test has the other end. */
#include "io/user-stderr.h"

#include <check.h>
#include <fcntl.h>
#include <glib.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "leaks.h"
#include "suite.h"

static int saved;      /* our stderr */
static int other = -1; /* the end to read from */

static void
set_up (void)
{
  signal (SIGPIPE, SIG_IGN);
  leaks_begin ();
  saved = fcntl (STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
}

static void
give_back (void)
{
  dup2 (saved, STDERR_FILENO);
}

static void
tear_down (void)
{
  give_back ();
  close (saved);
  close (other);
  leaks_assert_none ();
}

static void
use (int fd)
{
  ck_assert_int_eq (dup2 (fd, STDERR_FILENO), STDERR_FILENO);
  close (fd);
}

static void
use_pipe (void)
{
  int ends[2];

  ck_assert_int_eq (pipe2 (ends, O_CLOEXEC), 0);
  other = ends[0];
  use (ends[1]);
}

static void
use_terminal (void)
{
  struct termios mode;

  other = posix_openpt (O_RDWR | O_NOCTTY | O_CLOEXEC);
  ck_assert_int_eq (grantpt (other), 0);
  ck_assert_int_eq (unlockpt (other), 0);
  use (open (ptsname (other), O_RDWR | O_NOCTTY | O_CLOEXEC));
  ck_assert_int_eq (tcgetattr (STDERR_FILENO, &mode), 0);
  mode.c_oflag &= ~OPOST;
  ck_assert_int_eq (tcsetattr (STDERR_FILENO, TCSANOW, &mode), 0);
}

static void
write_text (const char *text)
{
  vq_user_stderr_write (text, strlen (text));
}

/* Reads what is there. */
static void
take (GString *text)
{
  char buffer[65536];
  gssize n;

  fcntl (other, F_SETFL, O_NONBLOCK);
  while ((n = read (other, buffer, sizeof buffer)) > 0)
    g_string_append_len (text, buffer, n);
}

static void
assert_written (const char *expected)
{
  g_autoptr (GString) text = g_string_new (NULL);

  take (text);
  ck_assert_str_eq (text->str, expected);
}

CASE ("user-stderr", set_up, tear_down, 60)

TEST (writes)
{
  use_pipe ();
  write_text ("");
  write_text ("a\n");
  vq_user_stderr_write ("bc", 1);
  ck_assert (!vq_user_stderr_is_terminal ());
  assert_written ("a\nb");
}

TEST (raw_terminal)
{
  use_terminal ();
  ck_assert (vq_user_stderr_is_terminal ());
  write_text ("a\n");
  vq_user_stderr_set_raw (TRUE);
  write_text ("b\nc\n");
  vq_user_stderr_set_raw (FALSE);
  write_text ("d\n");
  assert_written ("a\nb\r\nc\r\nd\n");
}

/* What is written to a file comes after what others write. */
TEST (file)
{
  g_autofree char *path = NULL;
  int fd = g_file_open_tmp ("vq-stderr-XXXXXX", &path, NULL);

  use (fd);
  write_text ("a\n");
  ck_assert_int_eq (write (STDERR_FILENO, "b\n", 2), 2);
  write_text ("c\n");
  other = open (path, O_RDONLY | O_CLOEXEC);
  unlink (path);
  assert_written ("a\nb\nc\n");
}

/* Nobody reads: one write waits for a moment, the others not at all, and later it is told what is
 * lost. */
TEST_LOOP (nobody_reads, 0, 2)
{
  g_autofree char *block = g_strnfill (1000000, 'x');
  g_autoptr (GString) text = g_string_new (NULL);
  gint64 start = g_get_monotonic_time ();
  g_autofree char *note = NULL;
  gsize taken;

  if (_i == 0)
    use_pipe ();
  else
    use_terminal ();
  for (int i = 0; i < 100; i++)
    write_text (block);
  ck_assert_int_lt (g_get_monotonic_time () - start, 4 * G_USEC_PER_SEC);
  take (text);
  taken = text->len;
  start = g_get_monotonic_time ();
  write_text (block); /* the note has room, but not all of this */
  ck_assert_int_lt (g_get_monotonic_time () - start, 0.9 * G_USEC_PER_SEC);
  take (text);
  write_text ("after\n");
  take (text);
  note = g_strdup_printf ("\n[%zu bytes are lost here: nobody read them in time]\nxxx",
                          100 * strlen (block) - taken);
  ck_assert (g_str_has_prefix (text->str + taken, note));
  ck_assert (
      g_str_has_suffix (text->str, " bytes are lost here: nobody read them in time]\nafter\n"));
}

/* Whoever read it has gone away. */
TEST (broken_pipe)
{
  use_pipe ();
  close (other);
  other = -1;
  write_text ("a\n");
  use_pipe ();
  write_text ("b\n");
  assert_written ("\n[2 bytes are lost here: nobody read them in time]\nb\n");
}

TEST (no_descriptor_is_free)
{
  int fds[1024];
  int n = 0;

  use_pipe ();
  while (n < 1024 && (fds[n] = fcntl (saved, F_DUPFD_CLOEXEC, 0)) >= 0)
    n++;
  write_text ("a\n");
  while (n > 0)
    close (fds[--n]);
  assert_written ("a\n");
}
