// SPDX-License-Identifier: GPL-2.0-or-later
/* The tests' own child processes: started without a shell, waited for with a deadline. Failures
 * end the test that runs (ck_abort_msg). */
#pragma once

#include <glib.h>
#include <sys/types.h>

/* Where a process gets its descriptors from; they stay the caller's. -1: /dev/null. */
typedef struct
{
  int in;
  int out;
  int err;
  const char *const *environment; /* "NAME=VALUE" to add to ours; NULL for none */
  const char *terminal;           /* a pty that becomes its controlling terminal, or NULL */
} ProcessSetup;

/* Starts ARGV (argv[0] is looked for on PATH) in a session of its own, without a terminal unless
 * SETUP gives one. */
pid_t process_spawn (const char *const *argv, const ProcessSetup *setup);

/* Waits for PID, a child of ours. False after SECONDS; else it is reaped and *STATUS as with
 * waitpid. */
gboolean process_wait (pid_t pid, double seconds, int *status);

/* Waits until no child of ours runs that was started with VARIABLE ("NAME=VALUE") in its
 * environment. NULL when all are gone; after SECONDS the names of those that still run.
 * Transfer full. */
char *process_wait_for_none (const char *variable, double seconds);

/* Ends with SIGKILL what process_wait_for_none would wait for. */
void process_kill_all (const char *variable);

/* The first child of PARENT whose name begins with PREFIX, 0 if there is none. */
pid_t process_find_child (pid_t parent, const char *prefix);

/* Waits for EVENTS (as for poll) on FD; false after SECONDS. */
gboolean process_poll (int fd, short events, double seconds);

/* Runs ARGV on the host, asserts that it exits with 0 within SECONDS, and gives its stdout.
 * Transfer full. */
char *process_output (const char *const *argv, double seconds);

/* Removes PATH and all that is in it, and asserts that this works. */
void process_remove_tree (const char *path);

/* A file without a name, to be a descriptor of a process. The caller closes it. */
int process_new_file (void);

/* All that is in such a file; *LENGTH may be NULL. A NUL follows. Transfer full. */
char *process_read_file (int fd, gsize *length);
