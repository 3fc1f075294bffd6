// SPDX-License-Identifier: GPL-2.0-or-later
/* Tests that register themselves. A test program is a file of tests (or several, linked together):
 *
 *   CASE ("paths", set_up, tear_down, 60)
 *
 *   TEST (an_absolute_path) { ... }
 *   TEST_LOOP (every_row, 0, G_N_ELEMENTS (rows)) { ... rows[_i] ... }
 *
 * A test belongs to the case above it. main() is in suite.c. */
#pragma once

#include <check.h>
#include <glib.h>

/* The tests that follow run between SETUP and TEARDOWN (checked fixtures; either may be NULL), each
 * with at most SECONDS to take (0: libcheck's 4). A case may be begun again, by its NAME, which
 * CK_RUN_CASE takes. */
#define CASE(NAME, SETUP, TEARDOWN, SECONDS)                                                       \
  SUITE_AT_START                                                                                   \
  {                                                                                                \
    suite_case = suite_begin_case (NAME, SETUP, TEARDOWN, SECONDS);                                \
  }

/* The same, but SETUP runs once before the first of the tests and TEARDOWN once after the last: for
 * tests that share something, and that run in one process. */
#define CASE_ONCE(NAME, SETUP, TEARDOWN, SECONDS)                                                  \
  SUITE_AT_START                                                                                   \
  {                                                                                                \
    suite_case = suite_begin_case (NAME, NULL, NULL, SECONDS);                                     \
    suite_set_once (suite_case, SETUP, TEARDOWN);                                                  \
  }

/* All tests of the case OTHER, once more between another SETUP and TEARDOWN. */
#define CASE_LIKE(NAME, OTHER, SETUP, TEARDOWN, SECONDS)                                           \
  SUITE_AT_START                                                                                   \
  {                                                                                                \
    suite_case = suite_repeat_case (NAME, OTHER, SETUP, TEARDOWN, SECONDS);                        \
  }

#define TEST(NAME) TEST_LOOP (NAME, 0, 1)

/* The test runs with _i from FROM up to, but not, TO. */
#define TEST_LOOP(NAME, FROM, TO)                                                                  \
  static void NAME (int _i);                                                                       \
  SUITE_AT_START                                                                                   \
  {                                                                                                \
    static const TTest test = { #NAME, NAME, __FILE__, __LINE__ };                                 \
    suite_add_test (suite_case, &test, FROM, TO);                                                  \
  }                                                                                                \
  static void NAME (int _i G_GNUC_UNUSED)

/* Whether there is little time, as in "make check" (VQ_GUESTS=quick). */
gboolean suite_is_quick (void);

/* In a test: it ends here, as it cannot be made on this machine. The last line of the whole run
 * counts it as skipped. */
#define SKIP(...)                                                                                  \
  do                                                                                               \
    {                                                                                              \
      suite_skipped (__func__, __VA_ARGS__);                                                       \
      return;                                                                                      \
    }                                                                                              \
  while (0)

/* Called by main() before the tests, if a test program has one: what all of its tests need, or what
 * the program is besides (some tests start it again as another process). Returns -1, or the exit
 * status where there is nothing to test. */
int suite_prepare (int argc, char **argv);

/* Called by main() after the tests, if a test program has one: undoes what suite_prepare did. */
void suite_finish (void);

/* The rest is for the macros. The functions run in the order of the file. */
#define SUITE_AT_START SUITE_CONSTRUCTOR (__COUNTER__)
#define SUITE_CONSTRUCTOR(N) SUITE_CONSTRUCTOR_ (N)
#define SUITE_CONSTRUCTOR_(N)                                                                      \
  static void __attribute__ ((constructor (1000 + N))) suite_at_start_##N (void)

typedef struct _SuiteCase SuiteCase;

static SuiteCase *suite_case G_GNUC_UNUSED; /* of this file: what the next test belongs to */

SuiteCase *suite_begin_case (const char *name, SFun setup, SFun teardown, int seconds);
SuiteCase *suite_repeat_case (const char *name, const char *other, SFun setup, SFun teardown,
                              int seconds);
void suite_set_once (SuiteCase *to, SFun setup, SFun teardown);
void suite_add_test (SuiteCase *to, const TTest *test, int from, int to_index);
void suite_skipped (const char *test, const char *format, ...) G_GNUC_PRINTF (2, 3);
