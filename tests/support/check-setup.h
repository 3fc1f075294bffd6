// SPDX-License-Identifier: GPL-2.0-or-later
/* For tests of what "virt-qemu check" looks at: a directory that stands for the host's root, and
 * assertions about the lines that are found. */
#pragma once

#include "verb/check-line.h"

extern char *check_root;
extern GPtrArray *check_lines;

/* For a checked fixture. The teardown removes the directory, and asserts that nothing has
 * leaked. */
void check_setup (void);
void check_teardown (void);

/* Forgets all lines. */
void check_forget (void);

/* Makes the file NAME, which begins with a slash, below check_root. Transfer full: its path. */
char *check_write (const char *name, const char *text, int mode);

/* Asserts that there is a line NAME in STATE; FOUND and ADVICE must be in its texts. If ADVICE is
 * NULL, it must have none. The result belongs to check_lines. */
const VqCheckLine *check_assert (const char *name, VqCheckState state, const char *found,
                                 const char *advice);
