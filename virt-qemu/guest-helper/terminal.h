// SPDX-License-Identifier: GPL-2.0-or-later
/* The terminals of commands, which are pseudo-terminals. */
#pragma once

#include <sys/types.h>

#include "frame.h"

/* Opens one of that size. The caller owns both descriptors; *OURS is non-blocking. */
bool terminal_open (unsigned short rows, unsigned short columns, int *ours, int *theirs, Why why);

/* If the size changes, the terminal's foreground process group gets SIGWINCH. */
void terminal_resize (int ours, unsigned short rows, unsigned short columns);
