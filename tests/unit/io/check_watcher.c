// SPDX-License-Identifier: GPL-2.0-or-later
#include "io/watcher.h"

#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "leaks.h"
#include "suite.h"

static void
say (int fd, gconstpointer text)
{
  if (write (fd, text, strlen (text)) < 0)
    _exit (1);
}

/* What comes out of a pipe that a process and its watcher have, until both have closed it. The
 * process ends by END. */
static char *
heard_after (void (*end) (VqWatcher *watcher))
{
  char *heard = g_malloc0 (100);
  int ends[2];
  pid_t pid;

  ck_assert_int_eq (pipe2 (ends, O_CLOEXEC), 0);
  pid = fork ();
  if (pid == 0)
    {
      setpgid (0, 0);
      end (vq_watcher_new (ends[1], say, "it has ended", NULL));
      _exit (0);
    }
  close (ends[1]);
  ck_assert_int_eq (waitpid (pid, NULL, 0), pid);
  for (gssize n = 1, at = 0; n > 0; at += n)
    n = read (ends[0], heard + at, 99 - at);
  close (ends[0]);
  return heard;
}

static void
just_end (VqWatcher *watcher)
{
}

static void
end_with_group (VqWatcher *watcher)
{
  kill (0, SIGKILL);
}

CASE ("watcher", NULL, NULL, 60)

TEST (acts_when_we_end)
{
  g_autofree char *heard = heard_after (just_end);

  ck_assert_str_eq (heard, "it has ended");
}

TEST (survives_what_kills_our_group)
{
  g_autofree char *heard = heard_after (end_with_group);

  ck_assert_str_eq (heard, "it has ended");
}

TEST (does_nothing_once_freed)
{
  g_autofree char *heard = heard_after (vq_watcher_free);

  ck_assert_str_eq (heard, "");
}

TEST (leaves_nothing)
{
  int n_fds = leaks_count_fds ();
  VqWatcher *watcher = vq_watcher_new (-1, say, "nobody", NULL);

  ck_assert_ptr_nonnull (watcher);
  vq_watcher_free (watcher);
  ck_assert_int_eq (leaks_count_fds (), n_fds);
  ck_assert_int_eq (waitpid (-1, NULL, WNOHANG), -1);
}
