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
  const char *name;
  SFun setup, teardown;
  int seconds;
  GArray *tests; /* Registered */
} Case;

typedef struct
{
  const TTest *test;
  int from, to;
} Registered;

static GPtrArray *cases; /* Case */
static Case *current;

static Case *
find_case (const char *name)
{
  for (guint i = 0; cases != NULL && i < cases->len; i++)
    if (strcmp (((Case *)cases->pdata[i])->name, name) == 0)
      return cases->pdata[i];
  return NULL;
}

void
suite_begin_case (const char *name, SFun setup, SFun teardown, int seconds)
{
  current = find_case (name);
  if (current != NULL)
    return;
  current = g_new0 (Case, 1);
  *current
      = (Case){ name, setup, teardown, seconds, g_array_new (FALSE, FALSE, sizeof (Registered)) };
  if (cases == NULL)
    cases = g_ptr_array_new ();
  g_ptr_array_add (cases, current);
}

void
suite_add_test (const TTest *test, int from, int to)
{
  const Registered registered = { test, from, to };

  if (current == NULL)
    suite_begin_case ("tests", NULL, NULL, 0);
  g_array_append_val (current->tests, registered);
}

void
suite_repeat_case (const char *name, const char *other, SFun setup, SFun teardown, int seconds)
{
  const Case *like = find_case (other);

  g_assert (like != NULL);
  suite_begin_case (name, setup, teardown, seconds);
  g_array_append_vals (current->tests, like->tests->data, like->tests->len);
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
add_to (Suite *suite, const Case *registered)
{
  TCase *tcase = tcase_create (registered->name);

  tcase_add_checked_fixture (tcase, registered->setup, registered->teardown);
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

int
main (int argc, char **argv)
{
  int status = suite_prepare (argc, argv);
  Suite *suite;
  SRunner *runner;

  if (status >= 0)
    return status;
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
