// SPDX-License-Identifier: GPL-2.0-or-later
/* Pipes that a command has left behind, because a daemon that it started may still write to them.
 * What it writes is thrown away, so that the daemon neither blocks nor gets SIGPIPE. */
#pragma once

#include <stdint.h>

#define SINKS_MAX 1024

typedef struct
{
  int fds[SINKS_MAX]; /* owned, the oldest first */
  int n;
} Sinks;

/* Takes over FD, which must be non-blocking. If there are too many, the oldest is closed. */
void sinks_add (Sinks *sinks, int fd);

/* Sink number I is readable or at its end. Returns whether it still exists; if not, the next sink
 * gets its number. */
int sinks_drain (Sinks *sinks, int i);

void sinks_clear (Sinks *sinks);
