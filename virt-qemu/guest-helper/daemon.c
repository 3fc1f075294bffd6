// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CGROUPS "/sys/fs/cgroup"

static void
close_others (int keep)
{
  DIR *dir = opendir ("/proc/self/fd");

  if (dir == NULL)
    return;
  for (struct dirent *entry = readdir (dir); entry != NULL; entry = readdir (dir))
    {
      int fd = atoi (entry->d_name);

      if (fd > STDERR_FILENO && fd != keep && fd != dirfd (dir))
        close (fd);
    }
  closedir (dir);
}

/* The old process: waits until the daemon is ready or has ended. */
static void __attribute__ ((noreturn)) wait_and_exit (int ready)
{
  char byte;
  ssize_t n;

  do
    n = read (ready, &byte, 1);
  while (n < 0 && errno == EINTR);
  _exit (n == 1 ? EXIT_SUCCESS : EXIT_FAILURE);
}

/* Joins init's namespace NAME. We may have been started in the namespaces of a service. */
static bool
join_init (const char *name)
{
  char path[64];
  struct stat init, self;
  int fd;
  bool ok;

  snprintf (path, sizeof path, "/proc/self/ns/%s", name);
  if (stat (path, &self) < 0)
    return true; /* the kernel has no such namespaces */
  snprintf (path, sizeof path, "/proc/1/ns/%s", name);
  fd = open (path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return true; /* in tests, root may not be allowed to */
  ok = fstat (fd, &init) == 0
       && ((init.st_ino == self.st_ino && init.st_dev == self.st_dev) || setns (fd, 0) == 0);
  close (fd);
  return ok;
}

static bool
put_string (const char *path, const char *text)
{
  int fd = open (path, O_WRONLY | O_CLOEXEC);
  ssize_t n = fd >= 0 ? write (fd, text, strlen (text)) : -1;

  if (fd >= 0)
    close (fd);
  return n == (ssize_t)strlen (text);
}

/* Moves us to the root of every hierarchy of control groups, version 1 and 2. Where that is not
 * allowed, we stay. */
static void
leave_cgroups (void)
{
  DIR *dir = opendir (CGROUPS);

  put_string (CGROUPS "/cgroup.procs", "0");
  if (dir == NULL)
    return;
  for (struct dirent *entry = readdir (dir); entry != NULL; entry = readdir (dir))
    {
      char path[sizeof CGROUPS + sizeof entry->d_name + 16];

      snprintf (path, sizeof path, CGROUPS "/%s/cgroup.procs", entry->d_name);
      /* In version 2, the directories here are not hierarchies, but ordinary groups. */
      if (entry->d_name[0] != '.' && access (CGROUPS "/cgroup.procs", F_OK) < 0)
        put_string (path, "0");
    }
  closedir (dir);
}

static bool
settle (Why why)
{
  static const char *const others[] = { "uts", "ipc", "net", "cgroup" };

  /* We were started in a mount namespace of our own, but commands must see the system's file
   * systems. */
  if (!join_init ("mnt"))
    return explain (why, "cannot join init's mount namespace: %s", strerror (errno));
  for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
    join_init (others[i]);
  leave_cgroups ();
  return true;
}

bool
daemon_begin (int fd, int *ready, Why why)
{
  int fds[2];
  pid_t pid;

  close_others (fd);
  if (pipe2 (fds, O_CLOEXEC) < 0)
    return explain (why, "cannot make a pipe: %s", strerror (errno));
  *ready = fds[1];
  pid = fork ();
  if (pid > 0)
    {
      close (fds[1]);
      wait_and_exit (fds[0]);
    }
  close (fds[0]);
  if (pid < 0)
    return explain (why, "cannot make a process: %s", strerror (errno));
  setsid ();
  pid = fork ();
  if (pid > 0)
    _exit (EXIT_SUCCESS);
  if (pid < 0)
    return explain (why, "cannot make a process: %s", strerror (errno));
  return settle (why);
}

void
daemon_ready (int ready)
{
  int fd = open ("/dev/null", O_RDWR | O_CLOEXEC);

  for (int i = 0; i <= STDERR_FILENO; i++)
    dup2 (fd, i);
  if (fd > STDERR_FILENO)
    close (fd);
  /* It does not matter if nobody waits any more. */
  if (write (ready, "", 1) < 0)
    errno = 0;
  close (ready);
}

bool
daemon_become_oom_immune (void)
{
  return put_string ("/proc/self/oom_score_adj", "-1000");
}

bool
daemon_is_shutdown (pid_t sender)
{
  char path[64], name[16] = "";
  int fd;

  if (sender == 1)
    return true;
  /* sysvinit sends SIGTERM from killall5. It has stopped all other processes, so it is still
   * there. */
  snprintf (path, sizeof path, "/proc/%d/comm", (int)sender);
  fd = open (path, O_RDONLY | O_CLOEXEC);
  if (fd >= 0 && read (fd, name, sizeof name - 1) < 0)
    name[0] = '\0';
  if (fd >= 0)
    close (fd);
  return strcmp (name, "killall5\n") == 0;
}
