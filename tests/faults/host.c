// SPDX-License-Identifier: GPL-2.0-or-later
/* A host whose clock and whose disks go wrong when a test says so. Preloaded into the server and
 * QEMU; the file $VQ_FAULTS is mapped by all of them, so a test changes all at once by writing to
 * it. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static const volatile struct
{
  int64_t seconds; /* how much the clock is fast */
  int64_t no_read; /* the error of all positioned reads; 0: none */
  int64_t no_write;
} * faults;

static void __attribute__ ((constructor)) map_faults (void)
{
  int fd = open (getenv ("VQ_FAULTS"), O_RDONLY | O_CLOEXEC);

  faults = mmap (NULL, sizeof *faults, PROT_READ, MAP_SHARED, fd, 0);
  close (fd);
  if (faults == MAP_FAILED)
    abort ();
}

int
clock_gettime (clockid_t clock, struct timespec *now)
{
  int result = syscall (SYS_clock_gettime, clock, now);

  if (faults != NULL && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
    now->tv_sec += faults->seconds;
  return result;
}

int
gettimeofday (struct timeval *restrict now, void *restrict zone __attribute__ ((unused)))
{
  struct timespec precise;

  clock_gettime (CLOCK_REALTIME, &precise);
  now->tv_sec = precise.tv_sec;
  now->tv_usec = precise.tv_nsec / 1000;
  return 0;
}

time_t
time (time_t *now)
{
  struct timespec precise;

  clock_gettime (CLOCK_REALTIME, &precise);
  if (now != NULL)
    *now = precise.tv_sec;
  return precise.tv_sec;
}

/* What QEMU uses for its disks. */
#define FAILING(type, name, member, parameters, arguments)                                         \
  type name parameters                                                                             \
  {                                                                                                \
    type (*real) parameters = (type (*) parameters)dlsym (RTLD_NEXT, #name);                       \
                                                                                                   \
    if (faults == NULL || faults->member == 0)                                                     \
      return real arguments;                                                                       \
    errno = faults->member;                                                                        \
    return -1;                                                                                     \
  }

FAILING (ssize_t, pread64, no_read, (int fd, void *to, size_t n, off64_t at), (fd, to, n, at))
FAILING (ssize_t, preadv64, no_read, (int fd, const struct iovec *to, int n, off64_t at),
         (fd, to, n, at))
FAILING (ssize_t, pwrite64, no_write, (int fd, const void *from, size_t n, off64_t at),
         (fd, from, n, at))
FAILING (ssize_t, pwritev64, no_write, (int fd, const struct iovec *from, int n, off64_t at),
         (fd, from, n, at))
