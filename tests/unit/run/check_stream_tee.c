// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/stream-tee.h"

#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/wait.h"
#include "suite.h"

#define PATIENCE 30 /* seconds; for things that take none */
#define MUCH (1024 * 1024)

static int in[2], watcher[2];
static int log_fd;
static VqStreamTee *copier;
static GError *full;

static void
on_full (const GError *error, gpointer data)
{
  ck_assert_ptr_null (full);
  full = g_error_copy (error);
}

static int
make_log (void)
{
  g_autofree char *path = NULL;
  int fd = g_file_open_tmp (NULL, &path, NULL);

  ck_assert_int_ge (fd, 0);
  ck_assert_int_eq (unlink (path), 0);
  return fd;
}

static void
setup (void)
{
  signal (SIGPIPE, SIG_IGN);
  ck_assert_int_eq (pipe2 (in, O_CLOEXEC), 0);
  ck_assert_int_eq (pipe2 (watcher, O_CLOEXEC), 0);
  log_fd = make_log ();
}

static void
begin (int watching, int logging)
{
  copier = vq_stream_tee_new (in[0], watching, logging);
  vq_stream_tee_on_full (copier, on_full, NULL);
}

static void
teardown (void)
{
  g_clear_pointer (&copier, vq_stream_tee_free);
  g_clear_error (&full);
  vq_fd_clear (&in[1]);
  vq_fd_clear (&watcher[0]);
  vq_fd_clear (&log_fd);
}

static gboolean
has_ended (gpointer data)
{
  return vq_stream_tee_has_ended (copier);
}

static void
wait_end (void)
{
  ck_assert (vq_wait_until (has_ended, NULL, vq_deadline_in (PATIENCE), NULL, "end", NULL));
}

static void
assert_log (const char *bytes, gsize n)
{
  g_autofree char *text = g_malloc (n + 1);

  ck_assert_int_eq (pread (log_fd, text, n + 1, 0), (gssize)n);
  ck_assert_mem_eq (text, bytes, n);
}

CASE ("stream-tee", setup, teardown, 60)

TEST (copies_to_both)
{
  char text[10];

  begin (watcher[1], dup (log_fd));
  ck_assert_int_eq (write (in[1], "hello", 5), 5);
  vq_fd_clear (&in[1]);
  wait_end ();
  assert_log ("hello", 5);
  ck_assert_int_eq (read (watcher[0], text, sizeof text), 5);
  ck_assert_mem_eq (text, "hello", 5);
  ck_assert_ptr_null (full);
}

/* The writer is a process of its own, because it is held up. */
static void
write_much (void)
{
  static char bytes[MUCH];

  if (fork () != 0)
    return;
  memset (bytes, 'x', sizeof bytes);
  _exit (vq_fd_write_all (in[1], bytes, sizeof bytes) ? 0 : 1);
}

static gboolean
look (gpointer data)
{
  char block[4096];
  gsize *n = data;
  gssize got;

  while ((got = read (watcher[0], block, sizeof block)) > 0)
    *n += got;
  return vq_stream_tee_has_ended (copier);
}

/* Nothing is lost although the watcher takes little at a time. */
TEST (waits_for_a_slow_watcher)
{
  gsize n = 0;
  g_autofree char *all = g_strnfill (MUCH, 'x');

  ck_assert_int_eq (fcntl (watcher[0], F_SETFL, O_NONBLOCK), 0);
  begin (watcher[1], dup (log_fd));
  write_much ();
  vq_fd_clear (&in[1]);
  ck_assert (vq_wait_until (look, &n, vq_deadline_in (PATIENCE), NULL, "all", NULL));
  ck_assert_uint_eq (n, MUCH);
  assert_log (all, MUCH);
}

/* A watcher may go away, and there may be none. */
TEST (goes_on_without_a_watcher)
{
  vq_fd_clear (&watcher[0]);
  begin (watcher[1], dup (log_fd));
  ck_assert_int_eq (write (in[1], "one", 3), 3);
  vq_fd_clear (&in[1]);
  wait_end ();
  assert_log ("one", 3);
}

TEST (goes_on_without_a_log)
{
  char text[10];

  begin (watcher[1], open ("/dev/full", O_WRONLY | O_CLOEXEC));
  ck_assert_int_eq (write (in[1], "one", 3), 3);
  vq_fd_clear (&in[1]);
  wait_end ();
  ck_assert_int_eq (read (watcher[0], text, sizeof text), 3);
  ck_assert_ptr_nonnull (full);
}
