// SPDX-License-Identifier: GPL-2.0-or-later
/* Runs a test in several machines at once, each by a process of its own. */
#pragma once

#include "run/run-request.h"

/* Prints a line for each machine when its test has ended. Machine N has its logs in the directory N
 * of the one for logs. Returns the exit status: 1 if one of them has failed; 2, as that of
 * vq_run_once, if there is no such test; *ERROR is set if we have failed. Waits for all of them; a
 * signal that ends the program ends them, and is in the status as in that of vq_run_once. */
int vq_run_many (const VqRunRequest *request, GError **error);
