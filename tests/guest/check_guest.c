// SPDX-License-Identifier: GPL-2.0-or-later
/* The protocol, spoken to the real server with a real guest: the cases are those of the files
 * guest-*.c. */
#include "guest-tests.h"
#include "suite.h"

void
suite_finish (void)
{
  server_free_all ();
}
