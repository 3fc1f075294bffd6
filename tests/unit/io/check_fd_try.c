// SPDX-License-Identifier: GPL-2.0-or-later
/* fd-reader and fd-writer as those use them who keep the bytes themselves. */
#include <check.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/fd-reader.h"
#include "io/fd-writer.h"
#include "leaks.h"
#include "suite.h"
#include "base/wait.h"

#define PATIENCE 30 /* seconds; for things that take none */
#define MUCH (1024 * 1024)

static void
setup (void)
{
  signal (SIGPIPE, SIG_IGN);
  leaks_begin ();
}

static void
count_ready (gpointer data)
{
  (*(guint *)data)++;
}

static gboolean
is_called (gpointer data)
{
  return *(guint *)data > 0;
}

/* Waits until it is time to try, which it must not be before a write to FD, if that is one. */
static void
wait_to_try (VqFdReader *reader, int fd)
{
  guint n_calls = 0;

  vq_fd_reader_wait (reader, count_ready, &n_calls);
  ck_assert_uint_eq (n_calls, 0);
  for (guint i = 0; fd >= 0 && i < 20; i++)
    g_main_context_iteration (NULL, FALSE);
  ck_assert_uint_eq (n_calls, 0);
  ck_assert (fd < 0 || write (fd, "abc", 3) == 3);
  ck_assert (vq_wait_until (is_called, &n_calls, vq_deadline_in (PATIENCE), NULL, "bytes", NULL));
}

CASE ("fd-try", setup, leaks_assert_none, 60)

TEST (read_what_is_there)
{
  VqFdReader *reader;
  char buffer[10];
  int ends[2];

  ck_assert_int_eq (pipe2 (ends, O_CLOEXEC), 0);
  reader = vq_fd_reader_new (ends[0]);
  ck_assert_int_eq (vq_fd_reader_try (reader, buffer, 10), -1);
  wait_to_try (reader, ends[1]);
  ck_assert_int_eq (vq_fd_reader_try (reader, buffer, 2), 2);
  ck_assert_mem_eq (buffer, "ab", 2);
  wait_to_try (reader, -1);
  ck_assert_int_eq (vq_fd_reader_try (reader, buffer, 10), 1);
  close (ends[1]);
  wait_to_try (reader, -1);
  ck_assert_int_eq (vq_fd_reader_try (reader, buffer, 10), 0);
  wait_to_try (reader, -1);
  vq_fd_reader_wait (reader, count_ready, NULL);
  vq_fd_reader_free (reader);
}

/* Poll would never tell of the end. */
TEST (fifo_without_writers)
{
  g_autofree char *directory = g_dir_make_tmp ("check-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (directory, "fifo", NULL);
  VqFdReader *reader;
  char buffer[10];
  int fd, read_fd;

  ck_assert_int_eq (mkfifo (path, 0600), 0);
  fd = open (path, O_RDWR | O_CLOEXEC);
  ck_assert_int_eq (write (fd, "abc", 3), 3);
  read_fd = open (path, O_RDONLY | O_CLOEXEC);
  close (fd);
  reader = vq_fd_reader_new (read_fd);
  ck_assert_int_eq (vq_fd_reader_try (reader, buffer, 10), 3);
  wait_to_try (reader, -1);
  ck_assert_int_eq (vq_fd_reader_try (reader, buffer, 10), 0);
  vq_fd_reader_free (reader);
  g_unlink (path);
  g_rmdir (directory);
}

/* What a pipe does not take stays the caller's. */
TEST (write_what_fits)
{
  g_autofree char *zeroes = g_malloc0 (MUCH);
  VqFdWriter *writer;
  guint n_calls = 0;
  int ends[2];
  gsize at;

  ck_assert_int_eq (pipe2 (ends, O_CLOEXEC), 0);
  writer = vq_fd_writer_new (ends[1]);
  at = vq_fd_writer_try (writer, zeroes, 10);
  ck_assert_uint_eq (at, 10);
  at += vq_fd_writer_try (writer, zeroes + at, MUCH - at);
  ck_assert_uint_eq (at, 65536);
  ck_assert_uint_eq (vq_fd_writer_try (writer, zeroes + at, MUCH - at), 0);
  vq_fd_writer_wait (writer, count_ready, &n_calls);
  for (guint i = 0; i < 20; i++)
    g_main_context_iteration (NULL, FALSE);
  ck_assert_uint_eq (n_calls, 0);
  ck_assert_int_eq (read (ends[0], zeroes, MUCH), 65536);
  ck_assert (vq_wait_until (is_called, &n_calls, vq_deadline_in (PATIENCE), NULL, "room", NULL));
  ck_assert_uint_eq (vq_fd_writer_try (writer, "b", 1), 1);
  ck_assert_ptr_null (vq_fd_writer_get_error (writer));
  vq_fd_writer_free (writer);
  close (ends[0]);
}

TEST (reader_goes_away)
{
  g_autofree char *zeroes = g_malloc0 (MUCH);
  VqFdWriter *writer;
  guint n_calls = 0;
  int ends[2];

  ck_assert_int_eq (pipe2 (ends, O_CLOEXEC), 0);
  writer = vq_fd_writer_new (ends[1]);
  ck_assert_uint_lt (vq_fd_writer_try (writer, zeroes, MUCH), MUCH);
  vq_fd_writer_wait (writer, count_ready, &n_calls);
  close (ends[0]);
  ck_assert (vq_wait_until (is_called, &n_calls, vq_deadline_in (PATIENCE), NULL, "end", NULL));
  ck_assert_ptr_null (vq_fd_writer_get_error (writer));
  ck_assert_uint_eq (vq_fd_writer_try (writer, "b", 1), 0);
  ck_assert_ptr_nonnull (vq_fd_writer_get_error (writer));
  vq_fd_writer_free (writer);
}
