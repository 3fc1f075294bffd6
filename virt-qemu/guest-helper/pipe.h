// SPDX-License-Identifier: GPL-2.0-or-later
/* Pipes to and from commands. */
#pragma once

#include <stdbool.h>

/* Opens a pipe; the caller owns both descriptors. *OURS is non-blocking, and is the writing end if
 * WE_WRITE. Returns false with errno set on failure. */
bool pipe_open (bool we_write, int *ours, int *theirs);

/* Enlarges the pipe, if that is allowed. This takes memory and time, so it should be done only for
 * pipes with much data. */
void pipe_enlarge (int fd);
