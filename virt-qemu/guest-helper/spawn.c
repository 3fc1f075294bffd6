// SPDX-License-Identifier: GPL-2.0-or-later
#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "helper/helper-wire.h"

#define STATUS_NOT_FOUND 127
#define STATUS_CANNOT_RUN 126

/* The size of the kernel's own sigset_t in bytes. */
#define KERNEL_SIGNALS_SIZE (_NSIG / 8)

/* How many files a shell that init has started may open. */
#define FILES_OF_A_SHELL 1024

/* Enough for all streams and sinks at once. */
#define OUR_FILES 8192

static void
raise_our_files (const struct rlimit *now)
{
  struct rlimit more = { .rlim_cur = now->rlim_max, .rlim_max = now->rlim_max };

  if (now->rlim_max != RLIM_INFINITY && now->rlim_max < OUR_FILES)
    more = (struct rlimit){ .rlim_cur = OUR_FILES, .rlim_max = OUR_FILES };
  if (setrlimit (RLIMIT_NOFILE, &more) == 0)
    return;
  more = (struct rlimit){ .rlim_cur = now->rlim_max, .rlim_max = now->rlim_max };
  setrlimit (RLIMIT_NOFILE, &more);
}

void
spawn_init (SpawnDefaults *defaults)
{
  struct rlimit core;

  if (getrlimit (RLIMIT_CORE, &core) == 0)
    {
      core.rlim_cur = 0;
      setrlimit (RLIMIT_CORE, &core);
    }
  defaults->self = open ("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  getrlimit (RLIMIT_NOFILE, &defaults->n_files);
  raise_our_files (&defaults->n_files);
  if (defaults->n_files.rlim_max > FILES_OF_A_SHELL)
    defaults->n_files.rlim_cur = FILES_OF_A_SHELL;
  umask (022);
  /* Not with the C library's function, because it refuses to change the signals that it uses
   * itself, and our parent may have ignored those. All zeros mean the default action. */
  for (int i = 1; i < NSIG; i++)
    syscall (SYS_rt_sigaction, i, (const char[64]){ 0 }, NULL, KERNEL_SIGNALS_SIZE);
  if (chdir ("/") < 0)
    return; /* no system is without "/" */
}

/* Runs PROGRAM, or with sh if it is not in a format that the kernel knows, as a shell does. */
static void
try_program (const char *program, char **argv, char **environment)
{
  execve (program, argv, environment);
  if (errno != ENOEXEC)
    return;
  argv[-1] = (char *)"/bin/sh";
  argv[0] = (char *)program;
  execve (argv[-1], argv - 1, environment);
}

static const char *
find_path (char **environment)
{
  for (; *environment != NULL; environment++)
    if (strncmp (*environment, "PATH=", 5) == 0)
      return *environment + 5;
  return "";
}

/* Tries one directory of PATH. An empty one means the current directory. */
static void
try_directory (const char *directory, int length, char **argv, char **environment)
{
  char program[PATH_MAX];
  int n = snprintf (program, sizeof program, "%.*s%s%s", length, directory, length > 0 ? "/" : "./",
                    argv[0]);

  errno = ENAMETOOLONG;
  /* A check is cheaper than an exec that fails. */
  if (n < (int)sizeof program && access (program, X_OK) == 0)
    try_program (program, argv, environment);
}

/* Like execvpe, but with the PATH of the command's own environment. */
static void
try_path (char **argv, char **environment)
{
  const char *end;
  int result = ENOENT;

  for (const char *at = find_path (environment);; at = end + 1)
    {
      end = strchrnul (at, ':');
      try_directory (at, end - at, argv, environment);
      if (errno != ENOENT && errno != ENOTDIR)
        result = errno;
      if ((result != ENOENT && result != EACCES) || *end == '\0')
        break;
    }
  errno = result;
}

/* If our own program cannot be run, the command that follows our own words is run instead. */
static char **
try_self (int self, char **argv, char **environment)
{
  if (strcmp (argv[0], VQ_HELPER_SELF) != 0)
    return argv;
  if (self >= 0)
    fexecve (self, argv, environment);
  for (int i = 0; i < VQ_HELPER_SELF_WORDS && argv[1] != NULL; i++)
    argv++;
  return argv;
}

static void __attribute__ ((noreturn)) run (char **argv, char **environment)
{
  const char *name = argv[0];

  errno = ENOENT;
  if (strchr (name, '/') != NULL)
    try_program (name, argv, environment);
  else if (name[0] != '\0')
    try_path (argv, environment);
  {
    int status = errno == ENOENT ? STATUS_NOT_FOUND : STATUS_CANNOT_RUN;

    dprintf (STDERR_FILENO, "cannot run %s: %s\n", name, strerror (errno));
    _exit (status);
  }
}

static void
become_killable (void)
{
  int fd = open ("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

  /* If this fails, the process only keeps our protection from the out-of-memory killer. */
  if (fd >= 0 && write (fd, "0", 1) < 0)
    errno = 0;
  if (fd >= 0)
    close (fd);
}

/* Runs in the new process, which shares our memory and so must not change anything in it. */
static void __attribute__ ((noreturn, noinline)) live (const Spawn *spawn)
{
  sigset_t none;

  setsid ();
  for (int i = 0; i < 3; i++)
    dup2 (spawn->stdio[i], i);
  if (spawn->terminal)
    ioctl (STDIN_FILENO, TIOCSCTTY, 0);
  if (spawn->defaults->is_oom_immune)
    become_killable ();
  setrlimit (RLIMIT_NOFILE, &spawn->defaults->n_files);
  if (spawn->directory >= 0 && fchdir (spawn->directory) < 0)
    {
      dprintf (STDERR_FILENO, "cannot run %s: %s\n", spawn->argv[0], strerror (errno));
      _exit (STATUS_CANNOT_RUN);
    }
  sigemptyset (&none);
  sigprocmask (SIG_SETMASK, &none, NULL);
  run (try_self (spawn->defaults->self, spawn->argv, spawn->environment), spawn->environment);
}

pid_t
spawn (const Spawn *spawn)
{
  /* With vfork we wait until the process has become its program, which takes some 0.1 ms. That is
   * much less than fork takes to copy our page tables, and later the pages themselves. */
  pid_t pid = vfork ();

  if (pid == 0)
    live (spawn);
  return pid;
}
