// SPDX-License-Identifier: GPL-2.0-or-later
/* Commands in the guest of a server, as autopkgtest runs them. */
#pragma once

#include <glib.h>
#include <sys/types.h>

#include "server-client.h"

/* A command in the guest, run by the program that print-execute-command names. */
typedef struct
{
  int status; /* exit status of that program; -N if signal N killed it */
  char *out;
  gsize length; /* of out */
  char *err;
  pid_t pid; /* 0: it has ended */
  int fds[2];
} Command;

/* Starts ARGV with descriptor IN as stdin (-1: /dev/null; it stays the caller's). */
Command *command_start (Server *server, const char *const *argv, int in);

/* The same for a shell SCRIPT. */
Command *command_start_script (Server *server, const char *script);

/* A command that waits for longer than any test, and surely runs when this returns. */
Command *command_start_waiting (Server *server);

/* Waits for its end, which fills in the struct. */
void command_wait (Command *command, double seconds);

void command_free (Command *command);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Command, command_free)

/* Runs a shell SCRIPT to its end, asserts that it exits with 0 and writes nothing on stderr, and
 * gives its stdout without the last newline. Transfer full. */
char *guest_output (Server *server, const char *script);

/* Asserts that guest_output (SCRIPT) is EXPECTED. */
void guest_expect (Server *server, const char *script, const char *expected);
