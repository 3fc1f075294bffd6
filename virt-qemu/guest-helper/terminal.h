// SPDX-License-Identifier: GPL-2.0-or-later
/* Terminals of commands: pseudo-terminals. */
#pragma once

#include <sys/types.h>

#include "frame.h"

/* Opens one of that size. The caller owns both descriptors; *OURS is non-blocking. */
bool terminal_open (unsigned short rows, unsigned short columns, int *ours, int *theirs, Why why);

/* Its foreground group gets SIGWINCH if that is another size. */
void terminal_resize (int ours, unsigned short rows, unsigned short columns);
