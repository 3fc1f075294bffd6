// SPDX-License-Identifier: GPL-2.0-or-later
/* The protocol, spoken to the real server with a real guest. */
#include <check.h>
#include <stdlib.h>

#include "guest-tests.h"
#include "process.h"

static Suite *
guest_suite (void)
{
  Suite *suite = suite_create ("guest");

  suite_add_tcase (suite, commands_tcase ());
  suite_add_tcase (suite, copies_tcase ());
  suite_add_tcase (suite, machine_tcase ());
  suite_add_tcase (suite, lifecycle_tcase ());
  suite_add_tcase (suite, forks_tcase ());
  suite_add_tcase (suite, disks_tcase ());
  suite_add_tcase (suite, misuse_tcase ());
  suite_add_tcase (suite, endings_tcase ());
  return suite;
}

int
main (void)
{
  SRunner *runner = srunner_create (guest_suite ());
  int failed;

  /* The servers are children of this very process, and every wait here has its deadline. */
  srunner_set_fork_status (runner, CK_NOFORK);
  process_init ();
  srunner_run_all (runner, CK_ENV);
  failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  server_free_all ();
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
