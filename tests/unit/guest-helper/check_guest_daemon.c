// SPDX-License-Identifier: GPL-2.0-or-later
/* The guest helper as it is in a guest: a daemon, on a device whose other end comes and goes. The
 * device is a pseudo-terminal's master here: it hangs up when nobody has the other end open, and is
 * there again when somebody has, as a virtio-serial port does. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "guest-fixture.h"
#include "helper-process.h"
#include "leaks.h"
#include "suite.h"

/* A file of the process PID in /proc; free it. */
static char *
read_proc (pid_t pid, const char *name)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/%s", (int)pid, name);
  char *text = NULL;

  ck_assert (g_file_get_contents (path, &text, NULL, NULL));
  return g_strstrip (text);
}

/* Daemons */

static GPid starter;

/* Starts a daemon, which becomes our child when its parents are gone. Returns its process. */
static pid_t
start_daemon (void)
{
  int fds[2];
  int status;

  ck_assert_int_eq (prctl (PR_SET_CHILD_SUBREAPER, 1), 0);
  ck_assert_int_eq (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
  helper_process_spawn (fds[1], "--daemon", &starter);
  close (fds[1]);
  status = helper_process_stop (-1, starter);
  ck_assert (WIFEXITED (status) && WEXITSTATUS (status) == 0);
  guest = fake_host_new_for_fd (fds[0]);
  return fake_host_hello (guest, 'a');
}

/* It ends when we hang up; its commands and its first child may be ours, too, by then. */
static void
stop_daemon (void)
{
  fake_host_free (guest, 0);
  while (waitpid (-1, NULL, 0) > 0)
    ;
  ck_assert_int_eq (errno, ECHILD);
  ck_assert_int_eq (prctl (PR_SET_CHILD_SUBREAPER, 0), 0);
}

/* What a link in /proc points to; free it. */
static char *
read_proc_link (pid_t pid, const char *name)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/%s", (int)pid, name);

  return g_file_read_link (path, NULL);
}

CASE ("daemon", leaks_begin, leaks_assert_none, 60)

TEST (lives_apart)
{
  static const char *const links[] = { "fd/0", "fd/1", "fd/2" };
  pid_t pid = start_daemon ();
  g_autofree char *directory = read_proc_link (pid, "cwd");

  ck_assert_int_ne (pid, starter);
  ck_assert_int_ne (getsid (pid), getsid (0));
  ck_assert_str_eq (directory, "/");
  for (gsize i = 0; i < G_N_ELEMENTS (links); i++)
    {
      g_autofree char *target = read_proc_link (pid, links[i]);

      ck_assert_str_eq (target, "/dev/null");
    }
  guest_assert_works (1);
  stop_daemon ();
}

TEST (has_no_descriptors_but_its_own)
{
  g_autofree char *path = NULL;
  GDir *dir;
  guint n = 0;

  guest_wrap ("exec 5</dev/null 6>/dev/null 9>/dev/null");
  path = g_strdup_printf ("/proc/%d/fd", (int)start_daemon ());
  guest_unwrap ();
  dir = g_dir_open (path, 0, NULL);
  while (g_dir_read_name (dir) != NULL)
    n++;
  g_dir_close (dir);
  ck_assert_uint_eq (n, 3 + 1 + 1 + 1); /* stdio, the port, signals, its program */
  stop_daemon ();
}

TEST (is_not_disturbed_by_signals)
{
  static const int signals[]
      = { SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGPIPE, SIGALRM, SIGIO, 34, 63 };
  pid_t pid = start_daemon ();

  for (gsize i = 0; i < G_N_ELEMENTS (signals); i++)
    {
      ck_assert_int_eq (kill (pid, signals[i]), 0);
      guest_assert_works (i + 1);
    }
  stop_daemon ();
}

/* As at a shutdown with sysvinit. */
TEST (ends_when_the_system_goes_down)
{
  pid_t pid = start_daemon ();
  g_autofree char *directory = g_dir_make_tmp ("vq-helper-XXXXXX", NULL);
  g_autofree char *killer = g_build_filename (directory, "killall5", NULL);
  g_autofree char *argument = g_strdup_printf ("%d", (int)pid);
  g_autofree char *script
      = g_strdup_printf ("#!/bin/bash\nkill -TERM %d\nkill -STOP $$\n", (int)pid);
  const char *argv[] = { killer, NULL };
  GPid child;

  ck_assert (g_file_set_contents (killer, script, -1, NULL));
  ck_assert_int_eq (chmod (killer, 0755), 0);
  ck_assert (g_spawn_async (NULL, (char **)argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL,
                            &child, NULL));
  while (fake_host_step (guest))
    ;
  kill (child, SIGKILL);
  stop_daemon ();
  unlink (killer);
  rmdir (directory);
}

/* Not every root may become it. */
static gboolean
can_be_spared (void)
{
  g_autofree char *before = read_proc (getpid (), "oom_score_adj");
  int fd = open ("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  gboolean can = write (fd, "-1000", 5) == 5;

  ck_assert (!can || write (fd, before, strlen (before)) > 0);
  close (fd);
  return can;
}

TEST (is_spared_when_memory_is_short)
{
  g_autofree char *ours = read_proc (getpid (), "oom_score_adj");
  g_autofree char *its = read_proc (start_daemon (), "oom_score_adj");

  ck_assert_str_eq (its, can_be_spared () ? "-1000" : ours);
  fake_host_run (guest, 1, "acat", "a/proc/self/oom_score_adj", NULL);
  fake_host_assert_end (guest, 1, VQ_HELPER_EXITED, 0);
  ck_assert_int_eq (atoi (fake_host_stream (guest, 1)->out->str),
                    can_be_spared () ? 0 : atoi (ours));
  stop_daemon ();
}

/* Every line of /proc/PID/cgroup ends in the path in one hierarchy. */
TEST (leaves_its_control_groups)
{
  g_autofree char *groups = NULL;
  g_auto (GStrv) lines = NULL;

  if (geteuid () != 0)
    SKIP ("only root can do this");
  groups = read_proc (start_daemon (), "cgroup");
  lines = g_strsplit (groups, "\n", -1);
  for (char **line = lines; *line != NULL; line++)
    ck_assert_msg (g_str_has_suffix (*line, ":/"), "%s", *line);
  stop_daemon ();
}

TEST (says_why_it_cannot_start)
{
  static const struct
  {
    const char *fd, *why;
  } cases[] = {
    { "77", "guest-helper: descriptor 77: Bad file descriptor\n" },
    { "x", "usage: guest-helper --fd N [--daemon]\n" },
    { "-1", "usage: guest-helper --fd N [--daemon]\n" },
  };
  g_autofree char *program = helper_process_path ();

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      const char *argv[] = { program, "--daemon", "--fd", cases[i].fd, NULL };
      g_autofree char *why = NULL;
      int status;

      ck_assert (g_spawn_sync (NULL, (char **)argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, NULL, &why,
                               &status, NULL));
      ck_assert (WIFEXITED (status) && WEXITSTATUS (status) == 1);
      ck_assert_str_eq (why, cases[i].why);
    }
}

/* A device */

static int
open_other_end (int device)
{
  struct termios raw;
  int fd = open (ptsname (device), O_RDWR | O_NOCTTY | O_CLOEXEC);

  ck_assert_int_ge (fd, 0);
  ck_assert_int_eq (tcgetattr (fd, &raw), 0);
  cfmakeraw (&raw);
  ck_assert_int_eq (tcsetattr (fd, TCSANOW, &raw), 0);
  return fd;
}

static int
open_device (void)
{
  int device = posix_openpt (O_RDWR | O_NOCTTY | O_CLOEXEC);

  ck_assert_int_ge (device, 0);
  ck_assert_int_eq (unlockpt (device), 0);
  return device;
}

static gboolean
sleeps (pid_t pid)
{
  g_autofree char *stat = read_proc (pid, "stat");

  poll (NULL, 0, 2);
  return strrchr (stat, ')')[2] == 'S';
}

/* A process that does not is found running, nearly always. */
static void
assert_stands_still (pid_t pid)
{
  int n_asleep = 0;

  while (!sleeps (pid))
    ;
  for (int i = 0; i < 100; i++)
    n_asleep += sleeps (pid);
  ck_assert_int_gt (n_asleep, 50);
}

static void
end_process (pid_t pid)
{
  int status;

  ck_assert_int_eq (kill (pid, SIGKILL), 0);
  status = helper_process_stop (-1, pid);
  ck_assert (WIFSIGNALED (status) && WTERMSIG (status) == SIGKILL);
}

TEST (waits_for_hosts_that_come_and_go)
{
  int device = open_device ();
  int fd = open_other_end (device);
  GPid pid;

  helper_process_spawn (device, NULL, &pid);
  for (char nonce = 'a'; nonce < 'f'; nonce++)
    {
      guest = fake_host_new_for_fd (fd);
      fake_host_hello (guest, nonce);
      guest_assert_works (1);
      /* It goes while there is more to say than fits. */
      fake_host_stream (guest, 2)->hold_credit = TRUE;
      fake_host_shell (guest, 2, "exec yes");
      fake_host_wait_for_text (guest, 2, "y");
      fake_host_free (guest, 0);
      assert_stands_still (pid);
      fd = open_other_end (device);
    }
  close (fd);
  end_process (pid);
  close (device);
}

TEST (waits_for_the_first_host)
{
  int device = open_device ();
  GPid pid;

  close (open_other_end (device)); /* before that it has not hung up */
  helper_process_spawn (device, NULL, &pid);
  assert_stands_still (pid);
  guest = fake_host_new_for_fd (open_other_end (device));
  fake_host_hello (guest, 'a');
  guest_assert_works (1);
  fake_host_free (guest, 0);
  end_process (pid);
  close (device);
}

/* Commands that run go on while there is no host; the same host hears how they ended. */
TEST (keeps_commands_while_there_is_no_host)
{
  int device = open_device ();
  int fd = open_other_end (device);
  int other = fcntl (fd, F_DUPFD_CLOEXEC, 0);
  GPid pid;

  helper_process_spawn (device, NULL, &pid);
  guest = fake_host_new_for_fd (fd);
  fake_host_hello (guest, 'a');
  fake_host_shell (guest, 1, "read line; echo got $line");
  guest_assert_works (2);
  close (other);
  close (fd);
  assert_stands_still (pid);
  /* The fake host knows its descriptor's number. */
  other = open_other_end (device);
  ck_assert_int_eq (dup2 (other, fd), other == fd ? other : fd);
  if (other != fd)
    close (other);
  fake_host_hello (guest, 'a');
  fake_host_send_stdin (guest, 1, "it\n", 3);
  fake_host_assert_end (guest, 1, VQ_HELPER_EXITED, 0);
  ck_assert_str_eq (fake_host_stream (guest, 1)->out->str, "got it\n");
  fake_host_free (guest, 0);
  end_process (pid);
  close (device);
}
