// SPDX-License-Identifier: GPL-2.0-or-later
/* Runs a test that comes from the host, without a shell and what that would start. */
#pragma once

/* What the helper's own program does when it is run as "SELF test ...", as helper-wire.h has it:
 * the words are those of argv. Returns only if the test cannot be run: the exit status; a message
 * is on stderr. */
int test_main (char **words);
