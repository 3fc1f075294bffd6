// SPDX-License-Identifier: GPL-2.0-or-later
/* Runs virt-qemu, as people start it. */
#pragma once

#include <glib.h>

/* What the last run has written; the fixture frees them (cli_run_clear). */
extern char *cli_out;
extern char *cli_err;

/* Runs the program with WORDS, and with ENVIRONMENT (NULL: ours), and gives its exit status. */
int cli_run_with (char **environment, const char *const *words);

/* The same with the words of LINE, which are separated by blanks. */
int cli_run (const char *line);

/* The path of the program. Transfer full. */
char *cli_run_find (void);

void cli_run_clear (void);

/* Fails the test unless TEXT contains PART. */
void cli_assert_in (const char *text, const char *part);
