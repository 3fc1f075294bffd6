// SPDX-License-Identifier: GPL-2.0-or-later
#include "pipe.h"

#include <fcntl.h>
#include <unistd.h>

#include "helper/helper-wire.h"

/* With this, two windows may be under way. */
#define LARGE VQ_HELPER_WINDOW

bool
pipe_open (bool we_write, int *ours, int *theirs)
{
  int fds[2];

  if (pipe2 (fds, O_CLOEXEC) < 0)
    return false;
  *ours = fds[we_write];
  *theirs = fds[!we_write];
  /* A new pipe has no other flags that this could clear. */
  return fcntl (*ours, F_SETFL, O_NONBLOCK) == 0;
}

void
pipe_enlarge (int fd)
{
  if (fcntl (fd, F_SETPIPE_SZ, LARGE) < 0)
    return; /* too much memory is used for pipes, or this one is full; it works as it is */
}
