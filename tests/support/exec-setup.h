// SPDX-License-Identifier: GPL-2.0-or-later
/* virt-qemu-exec and its server, which runs commands on this machine, for the tests of both. The
 * client is the program that was built beside the tests, or $VIRT_QEMU_EXEC. */
#pragma once

#include "channel/exec-server.h"
#include "host-channel.h"

#define PATIENCE 60 /* seconds; for what should happen at once */

#define EXEC_MACHINE "web" /* the name of the machine that the server serves */

/* Made by the fixture. A test may free the server or the channel, and clear the variable. */
extern char *exec_directory; /* a directory of machines with one, which has only the socket */
extern char *exec_socket_path;
extern char *exec_program; /* the client's */
extern VqChannel *exec_channel;
extern VqExecServer *exec_server;

/* For a checked fixture. The teardown asserts that nothing has leaked. */
void exec_setup (void);
void exec_teardown (void);

/* Runs the main context until CONDITION is true, which must happen soon. */
void wait_for (VqWaitCondition condition, gpointer data);

/* Conditions: the gboolean DATA is TRUE; no command runs; GPOINTER_TO_UINT (DATA) commands run. */
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

/* A GChildWatchFunc with a Program as its data, for tests that do not use program_start. */
void program_ended (GPid pid, gint status, gpointer data);

/* Starts ARGV. The descriptors stay the caller's; -1 means /dev/null. */
void program_start (Program *self, const char *const *argv, int in, int out, int err);

/* Starts the client with ARGV as its command. */
void client_start (Program *self, const char *const *argv, int in, int out, int err);

/* Runs a client to its end, and returns its status; OUT and ERR may be NULL. */
int client_run (const char *const *argv, GBytes **out, GBytes **err);

/* The same for a script of sh. */
int shell_run (const char *script, GBytes **out, GBytes **err);

/* Makes a file in memory for a program to write to. */
int memory_file (void);

/* Gives the contents of FD, and closes it. A zero byte follows them, so they are also a string. */
GBytes *take_contents (int fd);
const char *as_string (GBytes *bytes);
