// SPDX-License-Identifier: GPL-2.0-or-later
/* It reads from a pipe of which only we have the other end: the end of file is our end. */
#include "io/watcher.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "base/error.h"
#include "base/fd.h"

struct _VqWatcher
{
  pid_t pid;
  int lifeline; /* owned: our end of the pipe */
};

/* All signals are blocked. */
static void G_GNUC_NORETURN
watch (int lifeline, int fd, VqWatcherTask task, gconstpointer data)
{
  char byte;

  prctl (PR_SET_NAME, "virt-qemu-watch");
  dup2 (lifeline, STDIN_FILENO);
  /* It must not keep open what others wait to see closed. */
  close_range (dup2 (fd, STDOUT_FILENO) < 0 ? STDOUT_FILENO : STDERR_FILENO, UINT_MAX, 0);
  while (read (STDIN_FILENO, &byte, 1) < 0 && errno == EINTR)
    ;
  task (fd >= 0 ? STDOUT_FILENO : -1, data);
  _exit (0);
}

VqWatcher *
vq_watcher_new (int fd, VqWatcherTask task, gconstpointer data, GError **error)
{
  sigset_t all, before;
  VqWatcher *watcher;
  int ends[2];
  pid_t pid;

  if (!vq_fd_open_pipe (ends, error))
    return NULL;
  sigfillset (&all);
  sigprocmask (SIG_BLOCK, &all, &before);
  pid = fork ();
  if (pid == 0)
    {
      close (ends[1]);
      watch (ends[0], fd, task, data);
    }
  sigprocmask (SIG_SETMASK, &before, NULL);
  vq_fd_clear (&ends[0]);
  if (pid < 0)
    {
      vq_error_set_errno (error, errno, "cannot fork");
      vq_fd_clear (&ends[1]);
      return NULL;
    }
  setpgid (pid, pid);
  watcher = g_new (VqWatcher, 1);
  *watcher = (VqWatcher){ pid, ends[1] };
  return watcher;
}

/* The process is not reaped here, so that vq_watcher_free cannot kill another one. */
void
vq_watcher_run (VqWatcher *watcher)
{
  siginfo_t info;

  vq_fd_clear (&watcher->lifeline);
  while (waitid (P_PID, watcher->pid, &info, WEXITED | WNOWAIT) < 0 && errno == EINTR)
    ;
}

void
vq_watcher_free (VqWatcher *watcher)
{
  if (watcher == NULL)
    return;
  kill (watcher->pid, SIGKILL);
  while (waitpid (watcher->pid, NULL, 0) < 0 && errno == EINTR)
    ;
  vq_fd_clear (&watcher->lifeline);
  g_free (watcher);
}
