// SPDX-License-Identifier: GPL-2.0-or-later
/* A command on a channel and its result, for the tests of channels. All failures here fail the
 * test. Waits end after a minute. */
#pragma once

#include <glib.h>

#include "channel/channel.h"

/* Its stdin, stdout and stderr are files in memory unless the test gives others. */
typedef struct
{
  VqCommand *command;
  int out, err; /* ours, to read from afterwards; -1: the test has given its own */
  gboolean done;
  VqEndKind kind;
  int value;
  char *message;
} Job;

/* Starts ARGV with the N bytes of INPUT as its stdin. Transfer full. */
Job *job_start (VqChannel *channel, const char *const *argv, const void *input, gsize n);

/* The same with these descriptors, which the channel takes over. */
Job *job_start_with (VqChannel *channel, const char *const *argv, int in, int out);

/* The same with three descriptors, which the channel takes over, so the job has no files of its
 * own. */
Job *job_start_on (VqChannel *channel, const char *const *argv, int in, int out, int err);

/* Starts SCRIPT with sh and an empty stdin. */
Job *job_shell (VqChannel *channel, const char *script);

/* JOB must have ended. */
void job_free (Job *job);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Job, job_free)

void job_wait (Job *job);

/* Waits for the first line of its stdout, and gives it without the newline. Transfer full. */
char *job_first_line (Job *job);

/* Waits for its end, and asserts that it is this one. */
void job_assert_end (Job *job, VqEndKind kind, int value);

/* Waits for its end, and asserts that it has failed with a message that contains TEXT. */
void job_assert_failure (Job *job, const char *text);

/* Asserts that no command of CHANNEL succeeds that has less than all of its input or output: a
 * broken disk and a full one. */
void job_check_lost_streams (VqChannel *channel);

/* Makes a file in memory. The caller closes the descriptor. */
int job_make_file (const void *bytes, gsize n);

/* What was written to FD so far, as bytes or as a string. Transfer full. */
GBytes *job_read_file (int fd);
char *job_read_text (int fd);

/* Asserts that it is EXPECTED. */
void job_assert_text (int fd, const char *expected);
