// SPDX-License-Identifier: GPL-2.0-or-later
/* The environment of commands, which is that of a root shell started by init. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* PATH, HOME, USER, LOGNAME, SHELL, and the language that we were started with. */
typedef struct
{
  char **words; /* owned, as are its strings */
  size_t n;
} Environment;

/* Makes it from our own environment and /etc/passwd. Returns false if there is no memory. */
bool environment_init (Environment *base, char **ours);
void environment_clear (Environment *base);

/* BASE with the NAME=VALUE words of EXTRA added or replaced; it ends with NULL. The caller frees
 * the array, but not its strings, which still belong to BASE and EXTRA. NULL if there is no
 * memory. */
char **environment_make (const Environment *base, char *const *extra);
