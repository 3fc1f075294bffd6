// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "helper/helper-wire.h"

/* From linux/random.h, which musl-gcc does not find. */
#define ADD_ENTROPY _IOW ('R', 0x03, int[2])
#define RESEED _IO ('R', 0x07)
typedef struct
{
  int bits;
  int size;
  uint8_t bytes[VQ_HELPER_ENTROPY_MAX];
} Pool;

int
kernel_set_clock (uint64_t seconds, uint32_t nanoseconds)
{
  struct timespec now = { .tv_sec = seconds, .tv_nsec = nanoseconds };

  if (nanoseconds > 999999999 || now.tv_sec < 0 || (uint64_t)now.tv_sec != seconds)
    return EINVAL;
  return clock_settime (CLOCK_REALTIME, &now) < 0 ? errno : 0;
}

static int
add_and_reseed (int fd, const Pool *pool)
{
  if (ioctl (fd, ADD_ENTROPY, pool) < 0)
    return errno;
  /* Before Linux 4.14 there is no such request. */
  if (ioctl (fd, RESEED) < 0 && errno != EINVAL && errno != ENOTTY)
    return errno;
  return 0;
}

int
kernel_add_entropy (const uint8_t *bytes, size_t n)
{
  Pool pool = { .bits = 8 * n, .size = n };
  int fd = open ("/dev/random", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  int error;

  if (fd < 0)
    return errno;
  memcpy (pool.bytes, bytes, n);
  error = add_and_reseed (fd, &pool);
  close (fd);
  return error;
}
