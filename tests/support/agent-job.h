// SPDX-License-Identifier: GPL-2.0-or-later
/* One command of a channel, and what became of it, for the tests of channels. Whatever
 * goes wrong here fails the test; what waits does so for a minute at most. */
#pragma once

#include <glib.h>

#include "channel/channel.h"

/* Its streams are files in memory unless the test gives others. */
typedef struct
{
  VqCommand *command;
  int out, err; /* ours, to read from afterwards; -1: the test's own */
  gboolean done;
  VqEndKind kind;
  int value;
  char *message;
} Job;

/* Starts ARGV, which reads N bytes of INPUT. Transfer full. */
Job *job_start (VqChannel *channel, const char *const *argv, const void *input, gsize n);

/* IN and OUT become the channel's. */
Job *job_start_with (VqChannel *channel, const char *const *argv, int in, int out);

/* IN, OUT and ERR become the channel's; the job has no files of its own. */
Job *job_start_on (VqChannel *channel, const char *const *argv, int in, int out, int err);

/* SCRIPT, for sh, with nothing to read. */
Job *job_shell (VqChannel *channel, const char *script);

/* It must have ended. */
void job_free (Job *job);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Job, job_free)

void job_wait (Job *job);

/* Waits for the first line of its output; without the newline. Transfer full. */
char *job_first_line (Job *job);

/* Waits for its end, which must be this one. */
void job_assert_end (Job *job, VqEndKind kind, int value);

/* Waits for its end: it has failed, for a reason with TEXT in it. */
void job_assert_failure (Job *job, const char *text);

/* A file in memory, to be read from the start. Returns its descriptor, to be closed. */
int job_make_file (const void *bytes, gsize n);

/* What the job has written to FD so far, as bytes and as a string. Transfer full. */
GBytes *job_read_file (int fd);
char *job_read_text (int fd);

/* It is EXPECTED. */
void job_assert_text (int fd, const char *expected);
