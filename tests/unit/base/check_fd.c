// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/fd.h"

#include <check.h>
#include <fcntl.h>

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
