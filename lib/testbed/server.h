// SPDX-License-Identifier: GPL-2.0-or-later
/* The server's loop: reads a request from the caller, lets the testbed do the work, and writes the
 * reply (see README.virtualisation-server.rst of the Debian package autopkgtest). */
#pragma once

#include <glib.h>

#include "testbed/server-stats.h"
#include "testbed/served.h"
#include "base/wait.h"

/* Exit statuses, as in Debian's servers. */
#define VQ_EXIT_OK 0
#define VQ_EXIT_CANNOT_START 1
#define VQ_EXIT_USAGE 2
#define VQ_EXIT_FAILED 12 /* protocol misuse, or the testbed failed */

/* Writes "ok" to descriptor OUT, then answers the requests from IN until `quit`, the end of IN, a
 * failure, or CANCEL. STATS, which may be NULL, hears of each. Triggers CANCEL itself if the caller
 * goes away while a command runs. Errors are written to stderr, one line each. Returns the exit
 * status; SERVED may still be open. */
int vq_server_run (VqServed *served, VqServerStats *stats, int in, int out, VqCancel *cancel);
