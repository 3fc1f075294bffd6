// SPDX-License-Identifier: GPL-2.0-or-later
/* The server's loop: a request from the caller, the testbed's work, the reply
 * (README.virtualisation-server of the Debian package autopkgtest). */
#pragma once

#include <glib.h>

#include "testbed/testbed.h"
#include "base/wait.h"

/* Exit statuses, those of Debian's servers. */
#define VQ_EXIT_OK 0
#define VQ_EXIT_CANNOT_START 1
#define VQ_EXIT_USAGE 2
#define VQ_EXIT_FAILED 12 /* protocol misuse, or the testbed failed */

/* Says "ok" on descriptor OUT, then answers the requests on IN until `quit`, the end of IN, a
 * failure, or CANCEL, which it also triggers itself when the caller goes away in the middle of a
 * command. Errors are told on stderr, one line each. Gives the exit status; the testbed may still
 * be open. */
int vq_server_run (VqTestbed *testbed, int in, int out, VqCancel *cancel);
