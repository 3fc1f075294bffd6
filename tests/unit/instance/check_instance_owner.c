// SPDX-License-Identifier: GPL-2.0-or-later
#include "instance/instance-owner.h"

#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/wait.h"
#include "leaks.h"
#include "suite.h"

static VqInstanceOwner owner = VQ_INSTANCE_OWNER_NONE;
static VqCancel *cancel;

static void
set_up (void)
{
  leaks_begin ();
  cancel = vq_cancel_new (NULL);
}

static void
tear_down (void)
{
  vq_instance_owner_clear (&owner);
  g_clear_pointer (&cancel, vq_cancel_free);
  leaks_assert_none ();
}

/* Whether the cancel is triggered within MILLISECONDS. */
static gboolean
ends_within (guint milliseconds)
{
  return !vq_wait_pause (milliseconds, cancel, NULL);
}

/* valgrind does not know pidfd_open. */
static gboolean
has_pidfd (void)
{
  int fd = pidfd_open (getpid (), 0);

  if (fd >= 0)
    close (fd);
  return fd >= 0;
}

CASE ("instance-owner", set_up, tear_down, 20)

TEST (process)
{
  pid_t pid;

  if (!has_pidfd ())
    return;
  pid = fork ();
  if (pid == 0)
    {
      prctl (PR_SET_PDEATHSIG, SIGKILL);
      pause ();
      _exit (0);
    }
  ck_assert (vq_instance_owner_set_process (&owner, pid, NULL));
  vq_instance_owner_watch (&owner, cancel);
  ck_assert (!ends_within (50));
  kill (pid, SIGKILL);
  ck_assert (ends_within (10000));
  waitpid (pid, NULL, 0);
}

TEST (no_such_process)
{
  g_autoptr (GError) error = NULL;
  pid_t pid;

  if (!has_pidfd ())
    return;
  pid = fork ();
  if (pid == 0)
    _exit (0);
  waitpid (pid, NULL, 0);
  ck_assert (!vq_instance_owner_set_process (&owner, pid, &error));
  ck_assert (vq_error_is_missing (error));
}

/* Both ends of a pipe, and a socket. What comes from there is no end. */
TEST_LOOP (peer, 0, 3)
{
  int ends[2];
  int ours = _i == 1 ? 1 : 0;

  ck_assert_int_eq (_i == 2 ? socketpair (AF_UNIX, SOCK_STREAM, 0, ends) : pipe2 (ends, O_CLOEXEC),
                    0);
  ck_assert (vq_instance_owner_set_peer (&owner, ends[ours], NULL));
  close (ends[ours]);
  vq_instance_owner_watch (&owner, cancel);
  if (ours == 0)
    ck_assert_int_eq (write (ends[1], "x", 1), 1);
  ck_assert (!ends_within (50));
  close (ends[1 - ours]);
  ck_assert (ends_within (10000));
}

TEST (not_open)
{
  g_autoptr (GError) error = NULL;
  vq_autofd int file = open ("/dev/null", O_RDONLY | O_CLOEXEC);

  ck_assert (!vq_instance_owner_set_peer (&owner, 777, &error));
  ck_assert_int_eq (error->code, VQ_ERROR_USAGE);
  g_clear_error (&error);
  ck_assert (!vq_instance_owner_set_peer (&owner, file, &error));
  ck_assert_int_eq (error->code, VQ_ERROR_USAGE);
}
