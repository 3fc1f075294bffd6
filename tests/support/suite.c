// SPDX-License-Identifier: GPL-2.0-or-later
#include "suite.h"

#include <stdlib.h>

void
suite_add_case (Suite *suite, const char *name, SFun setup, SFun teardown, int seconds,
                const TTest *const *tests)
{
  TCase *tcase = tcase_create (name);

  tcase_add_checked_fixture (tcase, setup, teardown);
  tcase_set_timeout (tcase, seconds);
  for (; *tests != NULL; tests++)
    tcase_add_test (tcase, *tests);
  suite_add_tcase (suite, tcase);
}

int
suite_run (Suite *suite)
{
  SRunner *runner = srunner_create (suite);
  int n_failed;

  srunner_run_all (runner, CK_ENV);
  n_failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return n_failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
