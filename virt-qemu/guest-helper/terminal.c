// SPDX-License-Identifier: GPL-2.0-or-later
#include "terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static int
open_theirs (int ours)
{
  char name[64];

  if (unlockpt (ours) < 0 || ptsname_r (ours, name, sizeof name) != 0)
    return -1;
  return open (name, O_RDWR | O_NOCTTY | O_CLOEXEC);
}

bool
terminal_open (unsigned short rows, unsigned short columns, int *ours, int *theirs, Why why)
{
  *theirs = -1;
  *ours = open ("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
  if (*ours < 0)
    return explain (why, "cannot open a terminal: %s", strerror (errno));
  *theirs = open_theirs (*ours);
  if (*theirs >= 0)
    {
      terminal_resize (*ours, rows, columns);
      return true;
    }
  explain (why, "cannot open a terminal: %s", strerror (errno));
  close (*ours);
  *ours = -1;
  return false;
}

void
terminal_resize (int ours, unsigned short rows, unsigned short columns)
{
  struct winsize size = { .ws_row = rows, .ws_col = columns };

  ioctl (ours, TIOCSWINSZ, &size);
}
