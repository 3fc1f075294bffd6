// SPDX-License-Identifier: GPL-2.0-or-later
/* The environment of commands: that of a root shell which init has started. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* PATH, HOME, USER, LOGNAME, SHELL, and the language that we were started with. */
typedef struct
{
  char **words; /* owned, as are its strings */
  size_t n;
} Environment;

/* Makes it from ours and from /etc/passwd. False if there is no memory. */
bool environment_init (Environment *base, char **ours);
void environment_clear (Environment *base);

/* BASE, and over it EXTRA: NAME=VALUE words, NULL at the end. Free it; its strings belong to whom
 * they belonged before. NULL if there is no memory. */
char **environment_make (const Environment *base, char *const *extra);
