// SPDX-License-Identifier: GPL-2.0-or-later
/* Pipes that a command has left behind: a daemon of its own may still write there. What it writes
 * is thrown away, so that it neither waits nor gets SIGPIPE. */
#pragma once

#include <stdint.h>

#define SINKS_MAX 1024

typedef struct
{
  int fds[SINKS_MAX]; /* owned, the oldest first */
  int n;
} Sinks;

/* Takes over FD, which is non-blocking. When there are too many, the oldest is closed. */
void sinks_add (Sinks *sinks, int fd);

/* The one of that number is readable, or at its end; then the next one gets its number. Returns
 * whether it is still there. */
int sinks_drain (Sinks *sinks, int i);

void sinks_clear (Sinks *sinks);
