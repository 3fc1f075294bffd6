// SPDX-License-Identifier: GPL-2.0-or-later
#include "io/fd-writer.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <limits.h>
#include <pty.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/foreign-fd.h"
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

typedef struct
{
  VqFdWriter *writer;
  const char *bytes;
  gsize len, at;
} Block;

static gboolean
is_done (gpointer data)
{
  Block *block = data;

  return block->at == block->len || vq_fd_writer_get_error (block->writer) != NULL;
}

static void
write_on (gpointer data)
{
  Block *block = data;

  block->at += vq_fd_writer_try (block->writer, block->bytes + block->at, block->len - block->at);
  if (!is_done (block))
    vq_fd_writer_wait (block->writer, write_on, block);
}

/* Whether all of it was written. */
static gboolean
wait_done (Block *block)
{
  ck_assert (vq_wait_until (is_done, block, vq_deadline_in (PATIENCE), NULL, "room", NULL));
  return vq_fd_writer_get_error (block->writer) == NULL;
}

static gboolean
write_one (VqFdWriter *writer, const char *bytes, gsize len)
{
  Block block = { writer, bytes, len, 0 };

  write_on (&block);
  return wait_done (&block);
}

/* Writes what fits of a block of MUCH bytes. */
static void
fill (Block *block)
{
  gsize at;

  write_on (block);
  at = block->at;
  for (guint i = 0; i < 20; i++)
    g_main_context_iteration (NULL, FALSE);
  ck_assert_uint_eq (block->at, at);
  ck_assert_uint_lt (at, MUCH);
}

/* The second block fails as the first did. */
static void
assert_broken (VqFdWriter *writer, int errnum)
{
  for (guint i = 0; i < 2; i++)
    {
      ck_assert (!write_one (writer, "block", 5));
      ck_assert_ptr_nonnull (vq_fd_writer_get_error (writer));
      ck_assert_ptr_nonnull (
          strstr (vq_fd_writer_get_error (writer)->message, g_strerror (errnum)));
    }
}

/* Reads until the end, or MAX bytes if that is not 0, while the context runs. */
static GString *
read_all (int fd, gsize max)
{
  GString *bytes = g_string_new (NULL);
  g_autofree char *buffer = g_malloc (65536);
  gssize n = 1;

  while (n > 0 && (max == 0 || bytes->len < max))
    {
      ck_assert (vq_wait_fd (fd, G_IO_IN, vq_deadline_in (PATIENCE), NULL, "bytes", NULL));
      n = read (fd, buffer, 65536);
      g_string_append_len (bytes, buffer, MAX (n, 0));
    }
  return bytes;
}

static char *
make_pattern (void)
{
  char *bytes = g_malloc (MUCH);

  for (guint i = 0; i < MUCH; i++)
    bytes[i] = (i * 31 + i / 256) & 0xff;
  return bytes;
}

/* Writes more than fits to WRITE_FD; both are consumed. */
static void
exercise_stream (int write_fd, int read_fd)
{
  VqFdWriter *writer = vq_fd_writer_new (write_fd);
  g_autofree char *pattern = make_pattern ();
  Block block = { writer, pattern, MUCH, 0 };
  GString *arrived;

  ck_assert (write_one (writer, "small", 5));
  fill (&block);
  arrived = read_all (read_fd, 5 + MUCH);
  ck_assert (wait_done (&block));
  ck_assert_uint_eq (arrived->len, 5 + MUCH);
  ck_assert_mem_eq (arrived->str, "small", 5);
  ck_assert_mem_eq (arrived->str + 5, pattern, MUCH);
  vq_fd_writer_close (writer);
  g_string_free (arrived, TRUE);
  arrived = read_all (read_fd, 0);
  ck_assert_uint_eq (arrived->len, 0);
  g_string_free (arrived, TRUE);
  vq_fd_writer_free (writer);
  close (read_fd);
}

CASE ("fd-writer", setup, leaks_assert_none, 60)

TEST (pipe_stream)
{
  int ends[2];

  ck_assert_int_eq (pipe2 (ends, O_CLOEXEC), 0);
  exercise_stream (ends[1], ends[0]);
}

TEST (socket_stream)
{
  int ends[2];

  ck_assert_int_eq (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  exercise_stream (ends[1], ends[0]);
}

/* Whoever shares the descriptor still waits on it. */
TEST (stays_blocking)
{
  for (guint with_socket = 0; with_socket < 2; with_socket++)
    {
      int ends[2], shared;
      VqFdWriter *writer;

      if (with_socket == 1)
        ck_assert_int_eq (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
      else
        ck_assert_int_eq (pipe2 (ends, O_CLOEXEC), 0);
      shared = fcntl (ends[1], F_DUPFD_CLOEXEC, 0);
      writer = vq_fd_writer_new (ends[1]);
      ck_assert (write_one (writer, "x", 1));
      ck_assert_int_eq (fcntl (shared, F_GETFL) & O_NONBLOCK, 0);
      vq_fd_writer_free (writer);
      close (shared);
      close (ends[0]);
    }
}

/* As in a place where /proc/self/fd may not be opened: the pipe fills, and we never wait. */
TEST (shared_pipe)
{
  VqForeignFd file = { .kind = VQ_FOREIGN_SHARED };
  g_autofree char *block = g_malloc0 (MUCH);
  gsize total = 0;
  gssize n;
  int ends[2];

  ck_assert_int_eq (pipe2 (ends, O_CLOEXEC), 0);
  file.fd = ends[1];
  while ((n = vq_foreign_fd_write (&file, block, MUCH)) > 0)
    {
      ck_assert_int_le (n, PIPE_BUF);
      total += n;
    }
  ck_assert_int_eq (errno, EAGAIN);
  ck_assert_uint_eq (total, fcntl (ends[1], F_GETPIPE_SZ));
  close (ends[0]);
  ck_assert_int_eq (vq_foreign_fd_write (&file, block, 1), -1);
  ck_assert_int_eq (errno, EPIPE);
  vq_foreign_fd_clear (&file);
}

TEST (reader_gone)
{
  for (guint with_socket = 0; with_socket < 2; with_socket++)
    {
      g_autoptr (VqFdWriter) writer = NULL;
      int ends[2];

      if (with_socket == 1)
        ck_assert_int_eq (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
      else
        ck_assert_int_eq (pipe2 (ends, O_CLOEXEC), 0);
      writer = vq_fd_writer_new (ends[1]);
      ck_assert (write_one (writer, "x", 1));
      ck_assert_ptr_null (vq_fd_writer_get_error (writer));
      close (ends[0]);
      assert_broken (writer, EPIPE);
    }
}

/* It leaves while we wait for room. */
TEST (reader_leaves)
{
  for (guint with_socket = 0; with_socket < 2; with_socket++)
    {
      g_autofree char *zeroes = g_malloc0 (MUCH);
      g_autoptr (VqFdWriter) writer = NULL;
      Block block = { NULL, zeroes, MUCH, 0 };
      int ends[2];

      if (with_socket == 1)
        ck_assert_int_eq (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
      else
        ck_assert_int_eq (pipe2 (ends, O_CLOEXEC), 0);
      block.writer = writer = vq_fd_writer_new (ends[1]);
      fill (&block);
      close (ends[0]);
      ck_assert (!wait_done (&block));
    }
}

/* A FIFO without a reader cannot be opened again (ENXIO). */
TEST (fifo_without_reader)
{
  g_autofree char *directory = g_dir_make_tmp ("vq-fifo-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (directory, "fifo", NULL);
  VqFdWriter *writer;
  int read_fd, write_fd;

  ck_assert_int_eq (mkfifo (path, 0600), 0);
  read_fd = open (path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  write_fd = open (path, O_WRONLY | O_CLOEXEC);
  close (read_fd);
  writer = vq_fd_writer_new (write_fd);
  assert_broken (writer, EPIPE);
  vq_fd_writer_free (writer);
  g_unlink (path);
  g_rmdir (directory);
}

TEST (cannot_be_written)
{
  static const struct
  {
    const char *path;
    int flags, errnum;
  } cases[] = {
    { "/dev/full", O_WRONLY, ENOSPC },
    { "/dev/null", O_RDONLY, EBADF },
    { "/", O_RDONLY, EBADF },
    { "/", O_PATH, EBADF },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      int fd = open (cases[i].path, cases[i].flags | O_CLOEXEC);
      g_autoptr (VqFdWriter) writer = vq_fd_writer_new (fd);

      ck_assert_int_ge (fd, 0);
      assert_broken (writer, cases[i].errnum);
    }
}

/* As on NFS, which may tell of a full disk only then. */
TEST (fails_when_closed)
{
  int fd = open ("/dev/null", O_WRONLY | O_CLOEXEC);
  g_autoptr (VqFdWriter) writer = vq_fd_writer_new (fd);

  ck_assert_uint_eq (vq_fd_writer_try (writer, "x", 1), 1);
  close (fd);
  vq_fd_writer_close (writer);
  ck_assert_ptr_nonnull (vq_fd_writer_get_error (writer));
  ck_assert_str_eq (vq_fd_writer_get_error (writer)->message, "cannot write: Bad file descriptor");
}

/* /proc would let us open its other end. */
TEST (wrong_end_of_pipe)
{
  g_autoptr (VqFdWriter) writer = NULL;
  int ends[2];

  ck_assert_int_eq (pipe2 (ends, O_CLOEXEC), 0);
  writer = vq_fd_writer_new (ends[0]);
  assert_broken (writer, EBADF);
  close (ends[1]);
}

/* The offset is shared with the others, and O_APPEND goes to the end each time. */
TEST (regular_file)
{
  for (guint append = 0; append < 2; append++)
    {
      g_autofree char *path = NULL;
      int fd = g_file_open_tmp ("vq-file-XXXXXX", &path, NULL);
      int shared = fcntl (fd, F_DUPFD_CLOEXEC, 0);
      VqFdWriter *writer;
      char text[32] = "";

      g_unlink (path);
      if (append)
        ck_assert_int_eq (fcntl (fd, F_SETFL, O_APPEND), 0);
      ck_assert_int_eq (write (fd, "before ", 7), 7);
      lseek (fd, append ? 0 : 3, SEEK_SET);
      writer = vq_fd_writer_new (fd);
      ck_assert (write_one (writer, "ours", 4));
      ck_assert_int_eq (write (shared, " theirs", 7), 7);
      ck_assert (write_one (writer, " ours", 5));
      ck_assert_int_ge (pread (shared, text, sizeof text - 1, 0), 19);
      ck_assert_str_eq (text, append ? "before ours theirs ours" : "befours theirs ours");
      vq_fd_writer_free (writer);
      close (shared);
    }
}

TEST (null_device)
{
  g_autoptr (VqFdWriter) writer = vq_fd_writer_new (open ("/dev/null", O_WRONLY | O_CLOEXEC));
  g_autofree char *block = g_malloc0 (MUCH);

  ck_assert (write_one (writer, block, MUCH));
}

TEST (terminal)
{
  int master, slave, shared;
  VqFdWriter *writer;
  GString *arrived;
  g_autofree char *text = g_strnfill (65536, 'x');
  Block block = { NULL, text, 65536, 0 };

  ck_assert_int_eq (openpty (&master, &slave, NULL, NULL, NULL), 0);
  shared = dup (slave);
  block.writer = writer = vq_fd_writer_new (slave);
  write_on (&block);
  ck_assert_int_eq (fcntl (shared, F_GETFL) & O_NONBLOCK, 0);
  arrived = read_all (master, 65536);
  ck_assert (wait_done (&block));
  ck_assert_str_eq (arrived->str, text);
  g_string_free (arrived, TRUE);
  close (master);
  assert_broken (writer, EIO);
  vq_fd_writer_free (writer);
  close (shared);
}

/* With and without being closed first. */
TEST (freed_while_waiting)
{
  for (guint closed = 0; closed < 2; closed++)
    {
      g_autofree char *zeroes = g_malloc0 (MUCH);
      Block block = { NULL, zeroes, MUCH, 0 };
      gsize at;
      int ends[2];

      ck_assert_int_eq (pipe2 (ends, O_CLOEXEC), 0);
      block.writer = vq_fd_writer_new (ends[1]);
      fill (&block);
      at = block.at;
      if (closed)
        {
          vq_fd_writer_close (block.writer);
          assert_broken (block.writer, EBADF);
        }
      vq_fd_writer_free (block.writer);
      block.writer = NULL; /* a call would crash */
      close (ends[0]);
      for (guint turns = 0; turns < 5; turns++)
        g_main_context_iteration (NULL, FALSE);
      ck_assert_uint_eq (block.at, at);
    }
}

static void
free_it (gpointer data)
{
  g_clear_pointer ((VqFdWriter **)data, vq_fd_writer_free);
}

static gboolean
is_gone (gpointer data)
{
  return *(VqFdWriter **)data == NULL;
}

TEST (freed_by_its_callback)
{
  g_autofree char *zeroes = g_malloc0 (MUCH);
  VqFdWriter *writer;
  int ends[2];

  ck_assert_int_eq (pipe2 (ends, O_CLOEXEC), 0);
  writer = vq_fd_writer_new (ends[1]);
  ck_assert_uint_lt (vq_fd_writer_try (writer, zeroes, MUCH), MUCH);
  vq_fd_writer_wait (writer, free_it, &writer);
  close (ends[0]);
  ck_assert (vq_wait_until (is_gone, &writer, vq_deadline_in (PATIENCE), NULL, "it", NULL));
}
