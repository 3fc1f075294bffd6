// SPDX-License-Identifier: GPL-2.0-or-later
/* A library for LD_PRELOAD, which makes one system call of a program fail. The file VQ_INJECT_FILE
 * has a row for each call (injector.py reads and writes it while we run): its name, how often it
 * was called, how often it failed, which of the calls shall fail (0: none), and with which errno.
 *
 * Only programs with the name VQ_INJECT_PROGRAM count, and none of the processes that they fork.
 * Calls that the kernel does not let fail on what the program uses them for are not here: close,
 * poll, and reading or writing an eventfd. What libc calls by itself is not seen either. */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

typedef struct
{
  char name[20];
  uint32_t count;
  uint32_t fired;
  uint32_t nth;
  int32_t number;
} Row;

#define ROWS 64

static Row *rows; /* NULL: this process is none of those that count */
static pid_t owner;

static Row *
find_row (const char *name)
{
  Row *row = rows;

  while (row->name[0] != '\0' && strcmp (row->name, name) != 0)
    row++;
  if (row->name[0] == '\0')
    memcpy (row->name, name, strlen (name));
  return row;
}

/* Whether this call is the one that shall fail; errno is set then. */
static int
fails (const char *name)
{
  Row *row;

  if (rows == NULL || getpid () != owner)
    return 0;
  row = find_row (name);
  if (__atomic_add_fetch (&row->count, 1, __ATOMIC_SEQ_CST) != row->nth)
    return 0;
  row->fired++;
  errno = row->number;
  return 1;
}

__attribute__ ((constructor)) static void
begin (void)
{
  const char *program = getenv ("VQ_INJECT_PROGRAM");
  const char *path = getenv ("VQ_INJECT_FILE");
  void *map;
  int fd;

  if (program == NULL || path == NULL || strcmp (program, program_invocation_short_name) != 0)
    return;
  fd = syscall (SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC);
  map = fd >= 0 ? mmap (NULL, ROWS * sizeof (Row), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0)
                : MAP_FAILED;
  if (map == MAP_FAILED)
    abort ();
  close (fd);
  owner = getpid ();
  rows = map;
}

/* Eventfds are GLib's, which wakes its own loop with them. */
static int
fails_on (int fd, const char *name)
{
  char path[32], target[32] = "";

  if (rows == NULL)
    return 0;
  snprintf (path, sizeof path, "/proc/self/fd/%d", fd);
  syscall (SYS_readlinkat, AT_FDCWD, path, target, sizeof target - 1);
  return strcmp (target, "anon_inode:[eventfd]") != 0 && fails (name);
}

/* Defines the function SYMBOL, which returns FAILURE if FAILS. */
#define WRAP(type, symbol, parameters, arguments, fails, failure)                                  \
  static type (*real_##symbol) parameters;                                                         \
  __attribute__ ((constructor)) static void find_##symbol (void)                                   \
  {                                                                                                \
    real_##symbol = (type (*) parameters)dlsym (RTLD_NEXT, #symbol);                               \
  }                                                                                                \
  type symbol parameters                                                                           \
  {                                                                                                \
    if (fails)                                                                                     \
      return failure;                                                                              \
    if (real_##symbol == NULL)                                                                     \
      find_##symbol ();                                                                            \
    return real_##symbol arguments;                                                                \
  }
#define WRAP_INT(symbol, parameters, arguments)                                                    \
  WRAP (int, symbol, parameters, arguments, fails (#symbol), -1)
#define WRAP_SIZE(symbol, parameters, arguments)                                                   \
  WRAP (ssize_t, symbol, parameters, arguments, fails (#symbol), -1)

/* ---- calls with an argument that is not always there; passing it on nevertheless does no harm
 * ---- */

/* Defines ARGUMENT of TYPE, which follows LAST. */
#define TAKE(type, argument, last)                                                                 \
  type argument;                                                                                   \
  va_list list;                                                                                    \
  va_start (list, last);                                                                           \
  argument = va_arg (list, type);                                                                  \
  va_end (list)

static int
open_by_call (const char *name, int directory, const char *path, int flags, mode_t mode)
{
  return fails (name) ? -1 : syscall (SYS_openat, directory, path, flags, mode);
}

int
open (const char *path, int flags, ...)
{
  TAKE (mode_t, mode, flags);
  return open_by_call ("open", AT_FDCWD, path, flags, mode);
}

int
open64 (const char *path, int flags, ...)
{
  TAKE (mode_t, mode, flags);
  return open_by_call ("open", AT_FDCWD, path, flags, mode);
}

int
openat (int directory, const char *path, int flags, ...)
{
  TAKE (mode_t, mode, flags);
  return open_by_call ("openat", directory, path, flags, mode);
}

/* Locks and new numbers for descriptors are kinds of their own; asking for flags does not fail. */
static int
fcntl_by_call (int fd, int command, void *argument)
{
  if ((command == F_DUPFD || command == F_DUPFD_CLOEXEC) && fails ("dup"))
    return -1;
  if ((command == F_SETLK || command == F_OFD_SETLK) && fails ("lock"))
    return -1;
  return syscall (SYS_fcntl, fd, command, argument);
}

int
fcntl (int fd, int command, ...)
{
  TAKE (void *, argument, command);
  return fcntl_by_call (fd, command, argument);
}

int
fcntl64 (int fd, int command, ...)
{
  TAKE (void *, argument, command);
  return fcntl_by_call (fd, command, argument);
}

int ioctl (int fd, unsigned long request, ...);
int
ioctl (int fd, unsigned long request, ...)
{
  TAKE (void *, argument, request);
  return fails ("ioctl") ? -1 : syscall (SYS_ioctl, fd, request, argument);
}

/* ---- all others ---- */

#define CBUF const void *bytes, size_t size
#define BUF void *bytes, size_t size
#define ADDRESS const struct sockaddr *address, socklen_t length
WRAP (ssize_t, read, (int fd, BUF), (fd, bytes, size), fails_on (fd, "read"), -1)
WRAP (ssize_t, write, (int fd, CBUF), (fd, bytes, size), fails_on (fd, "write"), -1)
WRAP_SIZE (pread, (int fd, BUF, off_t at), (fd, bytes, size, at))
WRAP_SIZE (pwrite, (int fd, CBUF, off_t at), (fd, bytes, size, at))
WRAP_SIZE (recv, (int fd, BUF, int flags), (fd, bytes, size, flags))
WRAP_SIZE (send, (int fd, CBUF, int flags), (fd, bytes, size, flags))
WRAP_SIZE (recvmsg, (int fd, struct msghdr *message, int flags), (fd, message, flags))
WRAP_SIZE (sendmsg, (int fd, const struct msghdr *message, int flags), (fd, message, flags))
WRAP_SIZE (sendfile, (int to, int from, off_t *at, size_t size), (to, from, at, size))
WRAP_SIZE (readlink, (const char *path, char *bytes, size_t size), (path, bytes, size))
WRAP_SIZE (readlinkat, (int fd, const char *path, char *bytes, size_t size),
           (fd, path, bytes, size))
WRAP_SIZE (getrandom, (BUF, unsigned flags), (bytes, size, flags))

WRAP_INT (socket, (int domain, int type, int protocol), (domain, type, protocol))
WRAP_INT (socketpair, (int domain, int type, int protocol, int ends[2]),
          (domain, type, protocol, ends))
WRAP_INT (bind, (int fd, ADDRESS), (fd, address, length))
WRAP_INT (connect, (int fd, ADDRESS), (fd, address, length))
WRAP_INT (listen, (int fd, int backlog), (fd, backlog))
WRAP_INT (accept4, (int fd, struct sockaddr *address, socklen_t *length, int flags),
          (fd, address, length, flags))
WRAP_INT (pipe, (int ends[2]), (ends))
WRAP_INT (pipe2, (int ends[2], int flags), (ends, flags))
WRAP_INT (dup, (int fd), (fd))
WRAP_INT (signalfd, (int fd, const sigset_t *set, int flags), (fd, set, flags))
WRAP_INT (timerfd_create, (int clock, int flags), (clock, flags))
WRAP_INT (pidfd_open, (pid_t pid, unsigned flags), (pid, flags))
WRAP (pid_t, fork, (void), (), fails ("fork"), -1)
WRAP (int, posix_spawn,
      (pid_t * pid, const char *path, const posix_spawn_file_actions_t *actions,
       const posix_spawnattr_t *attributes, char *const argv[], char *const envp[]),
      (pid, path, actions, attributes, argv, envp), fails ("posix_spawn"), errno)

WRAP_INT (fstat, (int fd, struct stat *to), (fd, to))
WRAP_INT (stat, (const char *path, struct stat *to), (path, to))
WRAP_INT (lstat, (const char *path, struct stat *to), (path, to))
WRAP_INT (fstatat, (int fd, const char *path, struct stat *to, int flags), (fd, path, to, flags))
WRAP_INT (statvfs, (const char *path, struct statvfs *to), (path, to))
WRAP_INT (fstatvfs, (int fd, struct statvfs *to), (fd, to))
WRAP_INT (access, (const char *path, int mode), (path, mode))
WRAP_INT (mkdir, (const char *path, mode_t mode), (path, mode))
WRAP_INT (mkdirat, (int fd, const char *path, mode_t mode), (fd, path, mode))
WRAP_INT (rmdir, (const char *path), (path))
WRAP_INT (unlink, (const char *path), (path))
WRAP_INT (unlinkat, (int fd, const char *path, int flags), (fd, path, flags))
WRAP_INT (rename, (const char *old, const char *new), (old, new))
WRAP_INT (renameat, (int from, const char *old, int to, const char *new), (from, old, to, new))
WRAP_INT (symlink, (const char *target, const char *path), (target, path))
WRAP_INT (symlinkat, (const char *target, int fd, const char *path), (target, fd, path))
WRAP_INT (linkat, (int from, const char *old, int to, const char *new, int flags),
          (from, old, to, new, flags))
WRAP_INT (chmod, (const char *path, mode_t mode), (path, mode))
WRAP_INT (fchmod, (int fd, mode_t mode), (fd, mode))
WRAP_INT (fchmodat, (int fd, const char *path, mode_t mode, int flags), (fd, path, mode, flags))
WRAP_INT (utimensat, (int fd, const char *path, const struct timespec times[2], int flags),
          (fd, path, times, flags))
WRAP_INT (ftruncate, (int fd, off_t size), (fd, size))
WRAP_INT (fsync, (int fd), (fd))
WRAP_INT (flock, (int fd, int what), (fd, what))
WRAP (off_t, lseek, (int fd, off_t at, int whence), (fd, at, whence), fails ("lseek"), -1)
WRAP (DIR *, opendir, (const char *path), (path), fails ("opendir"), NULL)
WRAP (DIR *, fdopendir, (int fd), (fd), fails ("fdopendir"), NULL)
WRAP (struct dirent *, readdir, (DIR * directory), (directory), fails ("readdir"), NULL)
WRAP (void *, mmap, (void *at, size_t size, int rights, int flags, int fd, off_t from),
      (at, size, rights, flags, fd, from), fails ("mmap"), MAP_FAILED)

/* GLib uses these names. */
WRAP (int, fstat64, (int fd, struct stat64 *to), (fd, to), fails ("fstat"), -1)
WRAP (int, stat64, (const char *path, struct stat64 *to), (path, to), fails ("stat"), -1)
WRAP (int, lstat64, (const char *path, struct stat64 *to), (path, to), fails ("lstat"), -1)
WRAP (struct dirent64 *, readdir64, (DIR * directory), (directory), fails ("readdir"), NULL)
