// SPDX-License-Identifier: GPL-2.0-or-later
/* Runs a command in a machine on our own stdin, stdout and stderr, or on our terminal, for the
 * verbs that do so. */
#pragma once

#include "client/guest-command.h"

/* Exit statuses that are not the command's; 128 + N is for the signal N. */
enum
{
  VQ_MACHINE_EXEC_TIMEOUT = 124, /* as for timeout (1) */
  VQ_MACHINE_EXEC_FAILED = 125,  /* of ours, as for env (1) */
  VQ_MACHINE_EXEC_SIGNAL = 128,
};

typedef struct
{
  const char *name; /* the machine's */
  VqGuestCommand command;
  gboolean on_terminal; /* the command gets one of its own, which ours is connected to */
  int timeout;          /* in seconds; 0: none */
} VqMachineExec;

/* Waits for the end of the command, which is killed at its time-out, and passes on signals to it.
 * Returns the exit status; *ERROR is set if it is not the command's. */
int vq_machine_exec_run (const VqMachineExec *exec, GError **error);
