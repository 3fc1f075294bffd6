// SPDX-License-Identifier: GPL-2.0-or-later
/* virt-qemu on a real guest, as people use it: by short shell scripts. All of them run in one
 * directory, where "image.qcow2" is the image, "state", "run" and "tmp" belong to virt-qemu, and
 * which is the home directory; virt-qemu is on PATH. */
#pragma once

#include <glib.h>

/* Makes the directory unless it is there. */
void user_script_setup (void);

/* Removes it; for suite_finish. */
void user_script_finish (void);

/* Runs SCRIPT, and gives what it writes to stdout and stderr. It must end with EXPECTED. Transfer
 * full. */
char *user_script_run (const char *script, int expected);

/* Runs SCRIPT, which must succeed and print EXPECTED. */
void user_script_expect (const char *script, const char *expected);

/* Runs SCRIPT, which must fail with STATUS and say PART. */
void user_script_expect_failure (const char *script, int status, const char *part);
