// SPDX-License-Identifier: GPL-2.0-or-later
#include "io/line-reader.h"

#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "suite.h"

static int pipe_fds[2];
static VqLineReader *reader;
static guint fds_before;

static guint
count_fds (void)
{
  DIR *dir = opendir ("/proc/self/fd");
  guint n = 0;

  while (readdir (dir) != NULL)
    n++;
  closedir (dir);
  return n;
}

static void
close_writer (void)
{
  if (pipe_fds[1] >= 0)
    close (pipe_fds[1]);
  pipe_fds[1] = -1;
}

static void
set_up (void)
{
  /* The main context's own descriptor must not count as left behind. */
  g_main_context_wakeup (NULL);
  g_main_context_iteration (NULL, FALSE);
  fds_before = count_fds ();
  ck_assert (g_unix_open_pipe (pipe_fds, FD_CLOEXEC, NULL));
  reader = vq_line_reader_new (pipe_fds[0]);
}

static void
tear_down (void)
{
  vq_line_reader_free (reader);
  close_writer ();
  close (pipe_fds[0]);
  ck_assert_uint_eq (count_fds (), fds_before);
  ck_assert (!g_main_context_pending (NULL));
}

static void
put (const void *bytes, gsize n)
{
  ck_assert_int_eq (write (pipe_fds[1], bytes, n), (gssize)n);
}

/* EXPECTED NULL: the end. */
static void
expect_line (const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *line = NULL;
  gboolean ok = vq_line_reader_next (reader, &line, NULL, &error);

  ck_assert_msg (ok, "%s", error != NULL ? error->message : "");
  ck_assert_msg (g_strcmp0 (line, expected) == 0, "got `%s', not `%s'", line, expected);
}

static void
expect_usage_error (const char *expected)
{
  for (int again = 0; again < 2; again++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *line = NULL;

      ck_assert (!vq_line_reader_next (reader, &line, NULL, &error));
      ck_assert_ptr_null (line);
      ck_assert (g_error_matches (error, VQ_ERROR, VQ_ERROR_USAGE));
      ck_assert_ptr_nonnull (strstr (error->message, expected));
    }
}

CASE ("lines", set_up, tear_down, 30)

TEST (test_lines_of_one_read_come_one_by_one)
{
  put ("open\n\nclose\r\nqui", 16);
  expect_line ("open");
  expect_line ("");
  expect_line ("close\r");
  close_writer ();
  expect_line ("qui");
  expect_line (NULL);
  expect_line (NULL);
}

TEST (test_end_at_once)
{
  close_writer ();
  expect_line (NULL);
}

typedef struct
{
  const char *bytes;
  gsize n;
  gsize sent;
} Feed;

static gboolean
feed_one_byte (gpointer data)
{
  Feed *feed = data;

  if (feed->sent == feed->n)
    {
      close_writer ();
      return G_SOURCE_REMOVE;
    }
  put (feed->bytes + feed->sent++, 1);
  return G_SOURCE_CONTINUE;
}

TEST (test_byte_by_byte)
{
  Feed feed = { .bytes = "ab\ncd\n\ne", .n = 8 };

  g_idle_add (feed_one_byte, &feed);
  expect_line ("ab");
  expect_line ("cd");
  expect_line ("");
  expect_line ("e");
  expect_line (NULL);
}

TEST (test_nul_byte)
{
  put ("ok\nab\0cd\nquit\n", 14);
  expect_line ("ok");
  expect_usage_error ("NUL byte");
}

/* Writes what does not fit into a pipe. */
static gpointer
write_all (gpointer data)
{
  g_autoptr (GBytes) bytes = data;
  gsize n;
  const char *at = g_bytes_get_data (bytes, &n);

  while (n > 0)
    {
      gssize written = write (pipe_fds[1], at, n);

      if (written <= 0)
        break;
      at += written;
      n -= written;
    }
  close_writer ();
  return NULL;
}

static GThread *
feed_line_of (gsize n, const char *end)
{
  g_autofree char *text = g_strnfill (n, 'x');
  char *all = g_strconcat (text, end, NULL);

  return g_thread_new ("writer", write_all, g_bytes_new_take (all, strlen (all)));
}

TEST_LOOP (test_longest_line, 0, 9)
{
  static const char *const ends[] = { "", "\n", "\nquit\n" };
  gsize n = VQ_LINE_MAX - 1 + _i / 3;
  g_autofree char *expected = g_strnfill (n, 'x');
  const char *end = ends[_i % 3];
  GThread *writer = feed_line_of (n, end);

  if (n <= VQ_LINE_MAX)
    {
      expect_line (expected);
      if (strlen (end) > 1)
        expect_line ("quit");
      expect_line (NULL);
    }
  else
    expect_usage_error ("longer than 1048576 bytes");
  close (pipe_fds[0]); /* lets a writer end whose rest nobody reads */
  g_thread_join (writer);
  ck_assert (g_unix_open_pipe (pipe_fds, FD_CLOEXEC, NULL));
}

TEST (test_cancel)
{
  g_autoptr (VqCancel) cancel = vq_cancel_new (NULL);
  g_autoptr (GError) reason = g_error_new (VQ_ERROR, VQ_ERROR_CANCELLED, "a signal");
  g_autoptr (GError) error = NULL;
  g_autofree char *line = NULL;

  put ("ab\ncd", 5);
  vq_cancel_trigger (cancel, reason);
  ck_assert (!vq_line_reader_next (reader, &line, cancel, &error));
  ck_assert (vq_error_is_cancelled (error));
  ck_assert_ptr_null (line);
  expect_line ("ab"); /* nothing is lost */
  close_writer ();
  expect_line ("cd");
}

static void
ignore_signal (int signum)
{
}

static gboolean
interrupt_then_write (gpointer data)
{
  raise (SIGUSR1);
  put ("open\n", 5);
  return G_SOURCE_REMOVE;
}

TEST (test_signal_while_waiting)
{
  struct sigaction action = { .sa_handler = ignore_signal }; /* no SA_RESTART */

  sigaction (SIGUSR1, &action, NULL);
  g_idle_add (interrupt_then_write, NULL);
  expect_line ("open");
}

/* Whoever shares the file may set that at any time. */
static gboolean
make_non_blocking_then_write (gpointer data)
{
  ck_assert (g_unix_set_fd_nonblocking (pipe_fds[0], TRUE, NULL));
  ck_assert_int_eq (write (pipe_fds[1], "close\n", 6), 6);
  return G_SOURCE_REMOVE;
}

TEST (test_non_blocking)
{
  g_timeout_add (50, make_non_blocking_then_write, NULL);
  expect_line ("close");
  put ("quit\n", 5);
  expect_line ("quit");
}

static void
count_call (gpointer data)
{
  ++*(guint *)data;
}

/* Runs the main context until it has nothing to do; fails if that never comes. */
static guint
settle (void)
{
  guint rounds = 0;

  while (g_main_context_iteration (NULL, FALSE))
    ck_assert_uint_lt (++rounds, 100);
  return rounds;
}

/* Whether a watch finds the caller gone at once. */
static gboolean
is_gone (VqLineReader *which)
{
  guint calls = 0;

  vq_line_reader_watch_hangup (which, count_call, &calls);
  settle ();
  vq_line_reader_unwatch_hangup (which);
  return calls > 0;
}

TEST (test_caller_is_gone)
{
  ck_assert (!is_gone (reader));
  put ("a\nb\n", 4);
  ck_assert (!is_gone (reader));
  close_writer ();
  ck_assert (!is_gone (reader)); /* both lines are in the pipe */
  expect_line ("a");
  ck_assert (!is_gone (reader)); /* "b" is in the buffer */
  expect_line ("b");
  ck_assert (is_gone (reader));
  expect_line (NULL);
  ck_assert (is_gone (reader));
}

TEST (test_socket_hangs_up)
{
  int pair[2];
  g_autoptr (VqLineReader) other = NULL;

  ck_assert_int_eq (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
  other = vq_line_reader_new (pair[0]);
  ck_assert (!is_gone (other));
  close (pair[1]);
  ck_assert (is_gone (other));
  close (pair[0]);
}

TEST (test_watch_hangup)
{
  guint calls = 0;

  vq_line_reader_watch_hangup (reader, count_call, &calls);
  put ("a\n", 2);
  ck_assert_uint_eq (settle (), 0); /* input does not wake it */
  expect_line ("a");
  close_writer ();
  settle ();
  ck_assert_uint_eq (calls, 1);
  vq_line_reader_unwatch_hangup (reader);
  vq_line_reader_watch_hangup (reader, count_call, &calls); /* gone before the watch began */
  settle ();
  ck_assert_uint_eq (calls, 2);
}

TEST (test_watch_ignores_hangup_with_unread_input)
{
  guint calls = 0;

  vq_line_reader_watch_hangup (reader, count_call, &calls);
  put ("quit\n", 5);
  close_writer ();
  settle ();
  ck_assert_uint_eq (calls, 0);
  vq_line_reader_unwatch_hangup (reader);
  expect_line ("quit");
  expect_line (NULL);
}

TEST (test_unwatched_hangup)
{
  guint calls = 0;

  vq_line_reader_watch_hangup (reader, count_call, &calls);
  vq_line_reader_watch_hangup (reader, count_call, &calls); /* replaces the first */
  vq_line_reader_unwatch_hangup (reader);
  vq_line_reader_unwatch_hangup (reader);
  close_writer ();
  settle ();
  ck_assert_uint_eq (calls, 0);
  vq_line_reader_watch_hangup (reader, count_call, &calls); /* left for the free function */
}

static void
unwatch_from_callback (gpointer data)
{
  count_call (data);
  vq_line_reader_unwatch_hangup (reader);
}

TEST (test_unwatch_from_the_callback)
{
  guint calls = 0;

  vq_line_reader_watch_hangup (reader, unwatch_from_callback, &calls);
  close_writer ();
  settle ();
  ck_assert_uint_eq (calls, 1);
}
