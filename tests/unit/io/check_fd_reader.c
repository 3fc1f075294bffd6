// SPDX-License-Identifier: GPL-2.0-or-later
#include "io/fd-reader.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <pty.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "io/foreign-fd.h"
#include "leaks.h"
#include "suite.h"
#include "base/wait.h"

#define PATIENCE 30 /* seconds; for things that take none */

static void
setup (void)
{
  signal (SIGPIPE, SIG_IGN);
  leaks_begin ();
}

static void
count_call (gpointer data)
{
  ++*(guint *)data;
}

static gboolean
is_called (gpointer data)
{
  return *(guint *)data > 0;
}

static void
wait_called (guint *n_calls)
{
  ck_assert (vq_wait_until (is_called, n_calls, vq_deadline_in (PATIENCE), NULL, "bytes", NULL));
  ck_assert_uint_eq (*n_calls, 1);
}

static gssize
wait_and_try (VqFdReader *reader, char *buffer, gsize max)
{
  guint n_calls = 0;

  vq_fd_reader_wait (reader, count_call, &n_calls);
  ck_assert_uint_eq (n_calls, 0);
  wait_called (&n_calls);
  return vq_fd_reader_try (reader, buffer, max);
}

/* One read of at most MAX bytes, as a string; NULL at the end. */
static char *
read_one (VqFdReader *reader, gsize max)
{
  g_autofree char *buffer = g_malloc0 (max + 1);
  gssize n = wait_and_try (reader, buffer, max);

  if (n < 0)
    n = wait_and_try (reader, buffer, max);
  ck_assert_int_ge (n, 0);
  return n > 0 ? g_steal_pointer (&buffer) : NULL;
}

static void
assert_reads (VqFdReader *reader, const char *expected)
{
  g_autofree char *bytes = read_one (reader, 100);

  ck_assert_ptr_nonnull (bytes);
  ck_assert_str_eq (bytes, expected);
}

static void
assert_at_end (VqFdReader *reader)
{
  for (guint i = 0; i < 2; i++)
    ck_assert_ptr_null (read_one (reader, 100));
  ck_assert_ptr_null (vq_fd_reader_get_error (reader));
}

/* Nothing is there yet, and nothing blocks. *N_CALLS is counted when that changes. */
static void
assert_nothing_yet (VqFdReader *reader, guint *n_calls)
{
  char byte;

  ck_assert_int_eq (vq_fd_reader_try (reader, &byte, 1), -1);
  vq_fd_reader_wait (reader, count_call, n_calls);
  for (guint i = 0; i < 20; i++)
    g_main_context_iteration (NULL, FALSE);
  ck_assert_uint_eq (*n_calls, 0);
}

/* WRITE_FD gives what READ_FD then reads; both are consumed. */
static void
exercise_stream (int read_fd, int write_fd)
{
  VqFdReader *reader = vq_fd_reader_new (read_fd);
  guint n_calls = 0;

  assert_nothing_yet (reader, &n_calls);
  ck_assert_int_eq (write (write_fd, "hello", 5), 5);
  wait_called (&n_calls);
  assert_reads (reader, "hello");
  ck_assert_int_eq (write (write_fd, "last", 4), 4);
  close (write_fd);
  assert_reads (reader, "last");
  assert_at_end (reader);
  vq_fd_reader_free (reader);
}

static void
assert_still_blocking (int fd)
{
  ck_assert_int_eq (fcntl (fd, F_GETFL) & O_NONBLOCK, 0);
  close (fd);
}

CASE ("fd-reader", setup, leaks_assert_none, 60)

TEST (pipe_stream)
{
  int ends[2], shared;

  ck_assert_int_eq (pipe2 (ends, O_CLOEXEC), 0);
  shared = dup (ends[0]);
  exercise_stream (ends[0], ends[1]);
  assert_still_blocking (shared);
}

TEST (socket_stream)
{
  int ends[2], shared;

  ck_assert_int_eq (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  shared = dup (ends[0]);
  exercise_stream (ends[0], ends[1]);
  assert_still_blocking (shared);
}

/* As in a place where /proc/self/fd may not be opened. */
TEST (shared_pipe)
{
  VqForeignFd file = { .kind = VQ_FOREIGN_SHARED };
  char buffer[2 * 65536];
  int ends[2];

  ck_assert_int_eq (pipe2 (ends, O_CLOEXEC), 0);
  file.fd = ends[0];
  ck_assert_int_eq (vq_foreign_fd_read (&file, buffer, 10), -1);
  ck_assert_int_eq (errno, EAGAIN);
  ck_assert_int_eq (write (ends[1], "hello", 5), 5);
  ck_assert_int_eq (vq_foreign_fd_read (&file, buffer, 10), 5);
  close (ends[1]);
  ck_assert_int_eq (vq_foreign_fd_read (&file, buffer, 10), 0);
  vq_foreign_fd_clear (&file);
  ck_assert_int_eq (vq_foreign_fd_read (&file, buffer, 10), -1);
  ck_assert_int_eq (errno, EBADF);
}

/* Poll alone would never tell that a FIFO has no writer any more. */
TEST (fifo_without_writers)
{
  g_autofree char *directory = g_dir_make_tmp ("vq-fifo-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (directory, "fifo", NULL);
  VqFdReader *reader;
  int read_fd, write_fd;

  ck_assert_int_eq (mkfifo (path, 0600), 0);
  read_fd = open (path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  write_fd = open (path, O_WRONLY | O_CLOEXEC);
  ck_assert_int_eq (write (write_fd, "x", 1), 1);
  close (write_fd);
  reader = vq_fd_reader_new (read_fd);
  assert_reads (reader, "x");
  assert_at_end (reader);
  vq_fd_reader_free (reader);
  g_unlink (path);
  g_rmdir (directory);
}

/* Also one whose name is gone, and with an offset that others see. */
TEST (regular_file)
{
  g_autofree char *path = NULL;
  int fd = g_file_open_tmp ("vq-file-XXXXXX", &path, NULL);
  int shared = dup (fd);
  VqFdReader *reader;
  g_autofree char *two = NULL;

  g_unlink (path);
  ck_assert_int_eq (write (fd, "skip data", 9), 9);
  lseek (fd, 5, SEEK_SET);
  reader = vq_fd_reader_new (fd);
  two = read_one (reader, 2);
  ck_assert_str_eq (two, "da");
  ck_assert_int_eq (lseek (shared, 0, SEEK_CUR), 7);
  assert_reads (reader, "ta");
  assert_at_end (reader);
  vq_fd_reader_free (reader);
  close (shared);
}

TEST (always_at_end)
{
  static const struct
  {
    const char *path;
    int flags;
  } cases[] = {
    { "/dev/null", O_RDONLY },      { "/dev/null", O_RDWR },
    { "/dev/null", O_WRONLY },      { "/", O_RDONLY },
    { "/dev/zero", O_WRONLY },      { "/", O_PATH },
    { "/proc/self/mem", O_WRONLY },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      int fd = open (cases[i].path, cases[i].flags | O_CLOEXEC);
      g_autoptr (VqFdReader) reader = vq_fd_reader_new (fd);

      ck_assert_int_ge (fd, 0);
      assert_at_end (reader);
    }
}

/* Not at its end, but what comes next cannot be read: address 0 is never mapped. */
TEST (unreadable_file)
{
  g_autoptr (VqFdReader) reader = vq_fd_reader_new (open ("/proc/self/mem", O_RDONLY | O_CLOEXEC));
  char byte;

  ck_assert_int_eq (vq_fd_reader_try (reader, &byte, 1), 0);
  ck_assert_ptr_nonnull (vq_fd_reader_get_error (reader));
  ck_assert_str_eq (vq_fd_reader_get_error (reader)->message, "cannot read: Input/output error");
}

/* /proc would let us open its other end, and wait there for ever. */
TEST (wrong_end_of_pipe)
{
  g_autoptr (VqFdReader) reader = NULL;
  int ends[2], shared;

  ck_assert_int_eq (pipe2 (ends, O_CLOEXEC), 0);
  shared = fcntl (ends[1], F_DUPFD_CLOEXEC, 0); /* without writers it would be at its end */
  reader = vq_fd_reader_new (ends[1]);
  assert_at_end (reader);
  close (shared);
  close (ends[0]);
}

TEST (endless_device)
{
  g_autoptr (VqFdReader) reader = vq_fd_reader_new (open ("/dev/zero", O_RDONLY | O_CLOEXEC));
  g_autofree char *buffer = g_malloc (65537);

  ck_assert_int_eq (vq_fd_reader_try (reader, buffer, 65537), 65537);
}

static void
open_terminal (int *master, int *slave)
{
  ck_assert_int_eq (openpty (master, slave, NULL, NULL, NULL), 0);
  fcntl (*master, F_SETFD, FD_CLOEXEC);
  fcntl (*slave, F_SETFD, FD_CLOEXEC);
}

TEST (terminal)
{
  int master, slave, shared;
  VqFdReader *reader;
  guint n_calls = 0;

  open_terminal (&master, &slave);
  shared = dup (slave);
  reader = vq_fd_reader_new (slave);
  assert_nothing_yet (reader, &n_calls);
  ck_assert_int_eq (write (master, "line\n", 5), 5);
  wait_called (&n_calls);
  assert_reads (reader, "line\n");
  ck_assert_int_eq (write (master, "\004", 1), 1); /* end of input, as typed */
  ck_assert_ptr_null (read_one (reader, 100));
  assert_still_blocking (shared);
  close (master);
  assert_at_end (reader); /* hung up */
  vq_fd_reader_free (reader);
}

/* A new one would be opened through /proc. */
TEST (terminal_master)
{
  int master, slave;
  VqFdReader *reader;

  open_terminal (&master, &slave);
  reader = vq_fd_reader_new (master);
  ck_assert_int_eq (write (slave, "out", 3), 3);
  assert_reads (reader, "out");
  close (slave);
  assert_at_end (reader);
  vq_fd_reader_free (reader);
}

/* 0 if a read from a terminal of which we are in the background ends instead of stopping us. */
static int
read_in_background (int slave)
{
  VqForeignFd file;
  char byte;

  if (setsid () < 0 || ioctl (slave, TIOCSCTTY, 0) != 0)
    return 1;
  if (fork () != 0)
    {
      int status;

      /* The child is put into a background group of our session. */
      if (waitpid (-1, &status, WUNTRACED) < 0 || !WIFEXITED (status))
        return 2;
      return WEXITSTATUS (status);
    }
  setpgid (0, 0);
  vq_foreign_fd_init (&file, slave, O_RDONLY);
  return vq_foreign_fd_read (&file, &byte, 1) == -1 && errno == EIO ? 0 : 3;
}

TEST (background_terminal)
{
  int master, slave, status;
  pid_t pid;

  open_terminal (&master, &slave);
  pid = fork ();
  if (pid == 0)
    _exit (read_in_background (slave));
  ck_assert_int_eq (waitpid (pid, &status, 0), pid);
  ck_assert (WIFEXITED (status));
  ck_assert_int_eq (WEXITSTATUS (status), 0);
  close (master);
  close (slave);
}

TEST (read_sizes)
{
  static const gsize sizes[] = { 1, 9, 10, 11, 65536 };

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autoptr (VqFdReader) reader = NULL;
      g_autofree char *bytes = NULL;
      int ends[2];

      ck_assert_int_eq (pipe2 (ends, O_CLOEXEC), 0);
      ck_assert_int_eq (write (ends[1], "0123456789", 10), 10);
      close (ends[1]);
      reader = vq_fd_reader_new (ends[0]);
      bytes = read_one (reader, sizes[i]);
      ck_assert_uint_eq (strlen (bytes), MIN (sizes[i], 10));
    }
}

/* Before it has looked, and while it polls. */
TEST (freed_while_waiting)
{
  for (guint tries = 0; tries < 2; tries++)
    {
      VqFdReader *reader;
      guint n_calls = 0;
      int ends[2];

      ck_assert_int_eq (pipe2 (ends, O_CLOEXEC), 0);
      reader = vq_fd_reader_new (ends[0]);
      if (tries > 0)
        assert_nothing_yet (reader, &n_calls);
      else
        vq_fd_reader_wait (reader, count_call, &n_calls);
      vq_fd_reader_free (reader);
      close (ends[1]);
      for (guint i = 0; i < 5; i++)
        g_main_context_iteration (NULL, FALSE);
      ck_assert_uint_eq (n_calls, 0);
    }
}

static void
free_it (gpointer data)
{
  g_clear_pointer ((VqFdReader **)data, vq_fd_reader_free);
}

static gboolean
is_gone (gpointer data)
{
  return *(VqFdReader **)data == NULL;
}

TEST (freed_by_its_callback)
{
  for (guint tries = 0; tries < 2; tries++)
    {
      VqFdReader *reader;
      char byte;
      int ends[2];

      ck_assert_int_eq (pipe2 (ends, O_CLOEXEC), 0);
      reader = vq_fd_reader_new (ends[0]);
      ck_assert (tries == 0 || vq_fd_reader_try (reader, &byte, 1) == -1);
      vq_fd_reader_wait (reader, free_it, &reader);
      ck_assert_int_eq (write (ends[1], "abc", 3), 3);
      ck_assert (vq_wait_until (is_gone, &reader, vq_deadline_in (PATIENCE), NULL, "it", NULL));
      close (ends[1]);
    }
}
