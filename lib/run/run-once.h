// SPDX-License-Identifier: GPL-2.0-or-later
/* Runs a test in a fresh machine, which is removed afterwards. */
#pragma once

#include "base/signals.h"
#include "run/run-request.h"

/* Exit statuses that are not the test's; 128 + N is for the signal N. */
enum
{
  VQ_RUN_ONCE_WRONG = 2,     /* the command line, or what it names is not there: no test ran */
  VQ_RUN_ONCE_TIMEOUT = 124, /* as for timeout (1) */
  VQ_RUN_ONCE_FAILED = 125,  /* of ours, as for env (1) */
  VQ_RUN_ONCE_SIGNAL = 128,
};

/* The test's output goes to our stdout and stderr, and to the directory for logs if REQUEST has
 * one. Returns the exit status; *ERROR is set if it is not the test's. Waits for the machine and
 * for the test, which may take as long as it likes unless there is a time-out; a signal that ends
 * the program ends that. */
int vq_run_once (const VqRunRequest *request, GError **error);

/* Returns 0 if the test of REQUEST is there and can be one, or is to be fetched; else the exit
 * status, and *ERROR is set. Waits for nothing. */
int vq_run_once_check_test (const VqRunRequest *request, VqCancel *cancel, GError **error);

/* The status of a run that has failed: 128 + N if that was because signal N came, as for a shell's
 * command that the signal has ended. */
int vq_run_once_get_failure (VqSignals *signals);
