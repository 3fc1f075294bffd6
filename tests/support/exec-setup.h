// SPDX-License-Identifier: GPL-2.0-or-later
/* virt-qemu-exec and the server, with commands of this machine, for the tests of both. The client
 * is the program that was built beside the tests, or $VIRT_QEMU_EXEC. */
#pragma once

#include "channel/exec-server.h"
#include "host-channel.h"

#define PATIENCE 60 /* seconds; for things that take none */

/* The fixture's; a test may free the server or the channel and clear the variable. */
extern char *exec_directory; /* holds the socket and nothing else */
extern char *exec_socket_path;
extern char *exec_program; /* the client's */
extern VqChannel *exec_channel;
extern VqExecServer *exec_server;

/* For a checked fixture. What is done between them must not leak. */
void exec_setup (void);
void exec_teardown (void);

/* Runs the context until CONDITION is true, which must be soon. */
void wait_for (VqWaitCondition condition, gpointer data);

/* Conditions: of a gboolean; no command runs; as many as GPOINTER_TO_UINT (DATA). */
gboolean is_true (gpointer data);
gboolean nothing_runs (gpointer data);
gboolean as_many_run (gpointer data);

/* A child of ours. */
typedef struct
{
  GPid pid;
  int status; /* exit status, or -N for signal N */
  gboolean ended;
} Program;

/* A GChildWatchFunc with a Program as its data, for who has no use for program_start. */
void program_ended (GPid pid, gint status, gpointer data);

/* Runs ARGV as it is, with descriptors that stay the caller's; -1 is /dev/null. */
void program_start (Program *self, const char *const *argv, int in, int out, int err);

/* The client with ARGV as its command. */
void client_start (Program *self, const char *const *argv, int in, int out, int err);

/* Runs a client to its end, and returns its status; OUT and ERR may be NULL. */
int client_run (const char *const *argv, GBytes **out, GBytes **err);

/* The same for a script of sh. */
int shell_run (const char *script, GBytes **out, GBytes **err);

/* For a program to write to. */
int memory_file (void);

/* Closes FD; a zero byte follows the contents, so that they are a string too. */
GBytes *take_contents (int fd);
const char *as_string (GBytes *bytes);
