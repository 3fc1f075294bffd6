// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/fd.h"

#include <check.h>
#include <fcntl.h>
#include <sys/wait.h>

#include "leaks.h"
#include "suite.h"

static int
open_something (gboolean keep)
{
  vq_autofd int fd = open ("/dev/null", O_RDONLY | O_CLOEXEC);

  ck_assert_int_ge (fd, 0);
  errno = EDOM;
  return keep ? g_steal_fd (&fd) : -1;
}

CASE ("fd", NULL, NULL, 60)

TEST (closes_what_is_not_handed_on)
{
  int n_fds = leaks_count_fds ();
  int fd;

  ck_assert_int_eq (open_something (FALSE), -1);
  ck_assert_int_eq (errno, EDOM);
  ck_assert_int_eq (leaks_count_fds (), n_fds);
  fd = open_something (TRUE);
  ck_assert_int_ge (fcntl (fd, F_GETFD), 0);
  vq_fd_clear (&fd);
  ck_assert_int_eq (fd, -1);
  ck_assert_int_eq (leaks_count_fds (), n_fds);
}

TEST (keeps_errno_where_close_fails)
{
  int bad = 1000000;
  int none = -1;

  errno = EDOM;
  vq_fd_clear (&bad);
  vq_fd_clear (&none);
  ck_assert_int_eq (bad, -1);
  ck_assert_int_eq (errno, EDOM);
}

/* More than a pipe holds, for a reader that takes a little at a time. */
TEST (writes_all)
{
  g_autofree char *bytes = g_strnfill (300000, 'x');
  gsize n_read = 0;
  int ends[2];
  pid_t pid;

  ck_assert_int_eq (pipe (ends), 0);
  pid = fork ();
  if (pid == 0)
    _exit (vq_fd_write_all (ends[1], bytes, 300000) ? 7 : 1);
  close (ends[1]);
  for (gssize n = 1; n > 0; n_read += n)
    n = read (ends[0], bytes, 5000);
  close (ends[0]);
  ck_assert_uint_eq (n_read, 300000);
  ck_assert_int_eq (waitpid (pid, &ends[0], 0), pid);
  ck_assert_int_eq (WEXITSTATUS (ends[0]), 7);
}

TEST (tells_why_not_all_is_written)
{
  vq_autofd int full = open ("/dev/full", O_WRONLY | O_CLOEXEC);

  ck_assert (vq_fd_write_all (full, "x", 0));
  ck_assert (!vq_fd_write_all (full, "x", 1));
  ck_assert_int_eq (errno, ENOSPC);
}
