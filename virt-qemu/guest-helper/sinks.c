// SPDX-License-Identifier: GPL-2.0-or-later
#include "sinks.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* Reads everything, and returns whether the pipe still has a writer. */
static int
drain (int fd)
{
  static char waste[65536];
  ssize_t n = read (fd, waste, sizeof waste);

  return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

static void
drop (Sinks *sinks, int i)
{
  close (sinks->fds[i]);
  memmove (sinks->fds + i, sinks->fds + i + 1, (--sinks->n - i) * sizeof *sinks->fds);
}

void
sinks_add (Sinks *sinks, int fd)
{
  if (!drain (fd))
    {
      close (fd);
      return;
    }
  if (sinks->n == SINKS_MAX)
    drop (sinks, 0);
  sinks->fds[sinks->n++] = fd;
}

int
sinks_drain (Sinks *sinks, int i)
{
  int there = drain (sinks->fds[i]);

  if (!there)
    drop (sinks, i);
  return there;
}

void
sinks_clear (Sinks *sinks)
{
  while (sinks->n > 0)
    drop (sinks, sinks->n - 1);
}
