// SPDX-License-Identifier: GPL-2.0-or-later
/* What every test program does with its tests. */
#pragma once

#include <check.h>

/* Adds the case NAME: TESTS, NULL at the end, each of them between SETUP and TEARDOWN (checked
 * fixtures; either may be NULL) and with at most SECONDS to take. */
void suite_add_case (Suite *suite, const char *name, SFun setup, SFun teardown, int seconds,
                     const TTest *const *tests);

/* Runs SUITE as the environment says (CK_ENV), and frees it. Returns main's exit status. */
int suite_run (Suite *suite);
