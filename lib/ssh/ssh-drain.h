// SPDX-License-Identifier: GPL-2.0-or-later
/* Finds out when all has come that a command had written when it ended.
 *
 * The server tells how a command ended when its process has, while some of its output may still be
 * in a pipe there; and the end of the output never comes if a daemon holds the pipe. So the server
 * is asked something: whether anything came before the answer shows whether there was more to read.
 * OpenSSH reads and sends once between two answers, so it takes two answers with nothing before
 * them. */
#pragma once

#include "ssh/ssh-streams.h"

/* Starts as zeroes. The counts are those of vq_ssh_streams_count. */
typedef struct
{
  guint64 count_at_end, count_at_question;
  gboolean asked; /* a question is under way */
  guint n_questions, n_quiet;
} VqSshDrain;

/* The command has ended. */
void vq_ssh_drain_begin (VqSshDrain *drain, VqSshStreams *streams);

/* All has come, or as much as we take from a daemon that writes without end: 3 MiB, which is more
 * than a server and a pipe hold. */
gboolean vq_ssh_drain_is_over (const VqSshDrain *drain, VqSshStreams *streams);

/* Asks, or looks for the answer; to be called with nothing waiting on our side, as the server must
 * be free to send. FALSE: there is no answer yet. Does not wait, but may read from the connection.
 */
gboolean vq_ssh_drain_go_on (VqSshDrain *drain, ssh_channel channel, VqSshStreams *streams);
