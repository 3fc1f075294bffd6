// SPDX-License-Identifier: GPL-2.0-or-later
#include "suite.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct
{
  const TTest *test;
  int from, to;
} Registered;

struct _SuiteCase
{
  const char *name;
  SFun setup, teardown;
  SFun setup_once, teardown_once;
  int seconds;
  GArray *tests; /* Registered */
};

static GPtrArray *cases; /* SuiteCase */

static SuiteCase *
find_case (const char *name)
{
  for (guint i = 0; cases != NULL && i < cases->len; i++)
    if (strcmp (((SuiteCase *)cases->pdata[i])->name, name) == 0)
      return cases->pdata[i];
  return NULL;
}

SuiteCase *
suite_begin_case (const char *name, SFun setup, SFun teardown, int seconds)
{
  SuiteCase *begun = find_case (name);

  if (begun != NULL)
    return begun;
  begun = g_new0 (SuiteCase, 1);
  begun->name = name;
  begun->setup = setup;
  begun->teardown = teardown;
  begun->seconds = seconds;
  begun->tests = g_array_new (FALSE, FALSE, sizeof (Registered));
  if (cases == NULL)
    cases = g_ptr_array_new ();
  g_ptr_array_add (cases, begun);
  return begun;
}

SuiteCase *
suite_repeat_case (const char *name, const char *other, SFun setup, SFun teardown, int seconds)
{
  const SuiteCase *like = find_case (other);
  SuiteCase *begun = suite_begin_case (name, setup, teardown, seconds);

  g_assert (like != NULL);
  g_array_append_vals (begun->tests, like->tests->data, like->tests->len);
  return begun;
}

void
suite_set_once (SuiteCase *to, SFun setup, SFun teardown)
{
  to->setup_once = setup;
  to->teardown_once = teardown;
}

void
suite_add_test (SuiteCase *to, const TTest *test, int from, int to_index)
{
  const Registered registered = { test, from, to_index };

  g_assert (to != NULL); /* there is no CASE above the test */
  g_array_append_val (to->tests, registered);
}

gboolean
suite_is_quick (void)
{
  return g_strcmp0 (g_getenv ("VQ_GUESTS"), "quick") == 0;
}

void
suite_skipped (const char *test, const char *format, ...)
{
  g_autofree char *why = NULL;
  va_list args;

  va_start (args, format);
  why = g_strdup_vprintf (format, args);
  va_end (args);
  dprintf (STDOUT_FILENO, "skipped: %s: %s\n", test, why);
}

static void
add_to (Suite *suite, const SuiteCase *registered)
{
  TCase *tcase = tcase_create (registered->name);

  tcase_add_checked_fixture (tcase, registered->setup, registered->teardown);
  tcase_add_unchecked_fixture (tcase, registered->setup_once, registered->teardown_once);
  if (registered->seconds > 0)
    tcase_set_timeout (tcase, registered->seconds);
  for (guint i = 0; i < registered->tests->len; i++)
    {
      const Registered *row = &g_array_index (registered->tests, Registered, i);

      tcase_add_loop_test (tcase, row->test, row->from, row->to);
    }
  suite_add_tcase (suite, tcase);
}

int __attribute__ ((weak)) suite_prepare (int argc, char **argv)
{
  return -1;
}

void __attribute__ ((weak)) suite_finish (void)
{
}

static int
list_cases (void)
{
  for (guint i = 0; cases != NULL && i < cases->len; i++)
    printf ("%s\n", ((SuiteCase *)cases->pdata[i])->name);
  return EXIT_SUCCESS;
}

int
main (int argc, char **argv)
{
  int status = suite_prepare (argc, argv);
  Suite *suite;
  SRunner *runner;

  if (status >= 0)
    return status;
  if (argc == 2 && strcmp (argv[1], "--list") == 0)
    return list_cases ();
  signal (SIGPIPE, SIG_IGN); /* as in every program of ours */
  suite = suite_create (program_invocation_short_name);
  for (guint i = 0; cases != NULL && i < cases->len; i++)
    add_to (suite, cases->pdata[i]);
  runner = srunner_create (suite);
  srunner_run_all (runner, CK_ENV);
  status = srunner_ntests_failed (runner) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
  srunner_free (runner);
  suite_finish ();
  return status;
}
