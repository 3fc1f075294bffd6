// SPDX-License-Identifier: GPL-2.0-or-later
#include "process.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "suite.h"

#define REMOVE_SECONDS 120

/* A number that no process of the tests has its terminal on. */
#define TERMINAL_FD 100

/* Makes us the parent of every descendant whose own parent has ended, so that what a server leaves
 * behind is found. So the tests run in this very process, where every wait has its deadline. */
int
suite_prepare (int argc, char **argv)
{
  g_setenv ("CK_FORK", "no", TRUE);
  signal (SIGPIPE, SIG_IGN);
  if (prctl (PR_SET_CHILD_SUBREAPER, 1) != 0) /* not in a test, so ck_assert is of no use */
    g_error ("prctl: %s", g_strerror (errno));
  return -1;
}

static gint64
deadline_in (double seconds)
{
  return g_get_monotonic_time () + (gint64)(seconds * G_USEC_PER_SEC);
}

static int
milliseconds_left (gint64 deadline)
{
  return (int)MAX ((deadline - g_get_monotonic_time () + 999) / 1000, 0);
}

static gboolean
poll_until (int fd, short events, gint64 deadline)
{
  struct pollfd poll_fd = { .fd = fd, .events = events };
  int n;

  do
    n = poll (&poll_fd, 1, milliseconds_left (deadline));
  while (n < 0 && errno == EINTR);
  return n == 1;
}

gboolean
process_poll (int fd, short events, double seconds)
{
  return poll_until (fd, events, deadline_in (seconds));
}

static void
set_descriptor (posix_spawn_file_actions_t *actions, int from, int to)
{
  if (from >= 0)
    posix_spawn_file_actions_adddup2 (actions, from, to);
  else
    posix_spawn_file_actions_addopen (actions, to, "/dev/null", O_RDWR, 0);
}

/* Opened by the leader of a session that has none, a terminal becomes its controlling one. */
static void
set_terminal (posix_spawn_file_actions_t *actions, const char *terminal)
{
  posix_spawn_file_actions_addopen (actions, TERMINAL_FD, terminal, O_RDWR, 0);
  posix_spawn_file_actions_addclose (actions, TERMINAL_FD);
}

static char **
make_environment (const char *const *more)
{
  char **environment = g_get_environ ();

  for (; more != NULL && *more != NULL; more++)
    {
      g_auto (GStrv) parts = g_strsplit (*more, "=", 2);

      environment = g_environ_setenv (environment, parts[0], parts[1], TRUE);
    }
  return environment;
}

pid_t
process_spawn (const char *const *argv, const ProcessSetup *setup)
{
  g_auto (GStrv) environment = make_environment (setup->environment);
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  sigset_t defaults;
  pid_t pid;
  int failure;

  posix_spawn_file_actions_init (&actions);
  set_descriptor (&actions, setup->in, STDIN_FILENO);
  set_descriptor (&actions, setup->out, STDOUT_FILENO);
  set_descriptor (&actions, setup->err, STDERR_FILENO);
  if (setup->terminal != NULL)
    set_terminal (&actions, setup->terminal);
  posix_spawnattr_init (&attributes);
  posix_spawnattr_setflags (&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF);
  sigemptyset (&defaults);
  sigaddset (&defaults, SIGPIPE);
  posix_spawnattr_setsigdefault (&attributes, &defaults);
  failure = posix_spawnp (&pid, argv[0], &actions, &attributes, (char *const *)argv, environment);
  posix_spawnattr_destroy (&attributes);
  posix_spawn_file_actions_destroy (&actions);
  if (failure != 0)
    ck_abort_msg ("cannot start %s: %s", argv[0], strerror (failure));
  return pid;
}

static gboolean
wait_until (pid_t pid, gint64 deadline, int *status)
{
  int fd = (int)syscall (SYS_pidfd_open, pid, 0);
  gboolean ended = fd >= 0 && poll_until (fd, POLLIN, deadline);

  if (fd >= 0)
    close (fd);
  return ended && waitpid (pid, status, 0) == pid;
}

gboolean
process_wait (pid_t pid, double seconds, int *status)
{
  return wait_until (pid, deadline_in (seconds), status);
}

/* The children of PID, dead or alive. Only its main thread has any in these programs. */
static char **
list_children (pid_t pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/task/%d/children", pid, pid);
  g_autofree char *text = NULL;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return g_new0 (char *, 1);
  return g_strsplit (g_strstrip (text), " ", -1);
}

static char *
name_of (const char *pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%s/comm", pid);
  char *name = NULL;

  if (!g_file_get_contents (path, &name, NULL, NULL))
    return g_strdup ("?");
  return g_strchomp (name);
}

/* Whether PID runs and has VARIABLE in its environment. A zombie has none. */
static gboolean
has_variable (const char *pid, const char *variable)
{
  g_autofree char *path = g_strdup_printf ("/proc/%s/environ", pid);
  g_autofree char *environment = NULL;
  gsize length;

  return g_file_get_contents (path, &environment, &length, NULL)
         && memmem (environment, length, variable, strlen (variable) + 1) != NULL;
}

/* Our running children with VARIABLE. */
static GPtrArray *
list_marked (const char *variable)
{
  GPtrArray *marked = g_ptr_array_new_with_free_func (g_free);
  g_auto (GStrv) pids = list_children (getpid ());

  for (char **pid = pids; *pid != NULL; pid++)
    if (has_variable (*pid, variable))
      g_ptr_array_add (marked, g_strdup (*pid));
  return marked;
}

static char *
describe (GPtrArray *pids)
{
  GString *names = g_string_new (NULL);

  for (guint i = 0; i < pids->len; i++)
    {
      g_autofree char *name = name_of (pids->pdata[i]);

      g_string_append_printf (names, " %s (%s)", name, (char *)pids->pdata[i]);
    }
  return g_string_free (names, FALSE);
}

char *
process_wait_for_none (const char *variable, double seconds)
{
  gint64 deadline = deadline_in (seconds);

  while (TRUE)
    {
      g_autoptr (GPtrArray) pids = list_marked (variable);
      int status;

      if (pids->len == 0)
        return NULL;
      if (!wait_until (atoi (pids->pdata[0]), deadline, &status))
        return describe (pids);
    }
}

void
process_kill_all (const char *variable)
{
  g_autoptr (GPtrArray) pids = list_marked (variable);

  for (guint i = 0; i < pids->len; i++)
    kill (atoi (pids->pdata[i]), SIGKILL);
  g_free (process_wait_for_none (variable, 10));
}

pid_t
process_find_child (pid_t parent, const char *prefix)
{
  g_auto (GStrv) pids = list_children (parent);

  for (char **pid = pids; *pid != NULL; pid++)
    {
      g_autofree char *name = name_of (*pid);

      if (g_str_has_prefix (name, prefix))
        return atoi (*pid);
    }
  return 0;
}

char *
process_output (const char *const *argv, double seconds)
{
  int out = process_new_file ();
  pid_t pid = process_spawn (argv, &(ProcessSetup){ -1, out, STDERR_FILENO });
  int status = -1;
  gboolean ended = process_wait (pid, seconds, &status);
  char *text = process_read_file (out, NULL);

  close (out);
  if (!ended)
    kill (pid, SIGKILL);
  ck_assert_msg (ended && status == 0, "%s: wait status %d after at most %g s", argv[0], status,
                 seconds);
  return text;
}

void
process_remove_tree (const char *path)
{
  g_free (process_output ((const char *[]){ "rm", "-rf", "--", path, NULL }, REMOVE_SECONDS));
}

int
process_new_file (void)
{
  int fd = memfd_create ("test", MFD_CLOEXEC);

  ck_assert_int_ge (fd, 0);
  /* Several writers with a position of their own must not overwrite each other. */
  ck_assert_int_eq (fcntl (fd, F_SETFL, O_APPEND), 0);
  return fd;
}

char *
process_read_file (int fd, gsize *length)
{
  struct stat st;
  char *text;

  ck_assert_int_eq (fstat (fd, &st), 0);
  text = g_malloc0 (st.st_size + 1);
  ck_assert_int_eq (pread (fd, text, st.st_size, 0), st.st_size);
  if (length != NULL)
    *length = st.st_size;
  return text;
}
