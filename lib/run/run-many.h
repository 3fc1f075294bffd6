// SPDX-License-Identifier: GPL-2.0-or-later
/* Runs a test in several machines at once, each by a process of its own. */
#pragma once

#include "run/run-request.h"

/* Prints a line for each machine when its test has ended. Machine N has its logs in the directory N
 * of the one for logs. *SUCCEEDED says whether all tests have. Waits for all of them; a signal that
 * ends the program ends them. */
gboolean vq_run_many (const VqRunRequest *request, gboolean *succeeded, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
