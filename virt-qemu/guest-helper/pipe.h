// SPDX-License-Identifier: GPL-2.0-or-later
/* Pipes to and from commands. */
#pragma once

#include <stdbool.h>

/* Opens one; the caller owns both descriptors. *OURS is non-blocking, and the writing end if
 * WE_WRITE. False: errno. */
bool pipe_open (bool we_write, int *ours, int *theirs);

/* Lets it hold more, if that is allowed. It takes memory and time, so only a pipe that much goes
 * through is worth it. */
void pipe_enlarge (int fd);
