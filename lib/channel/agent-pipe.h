// SPDX-License-Identifier: GPL-2.0-or-later
/* The two pipes to a command's runner in the guest (lib/channel/agent-runner.pl), read and written
 * with the guest agent's file requests. They have no names: the agent opens the runner's own
 * descriptors 100 (from the runner) and 101 (to it) as /proc/PID/fd/N. Once both are open, each
 * side sees the other's end as the end of a pipe.
 *
 * Both ways go frames: a type, the payload's length as seven decimal digits, the payload.
 *
 *   host to guest   h  hello: both pipes are open
 *                   i  the next block of the command's stdin; empty: its end
 *                   A  a block of stdout is delivered, the next one may come
 *                   B  the same for stderr
 *                   a  instead of A: nobody reads stdout any more, close it
 *                   b  the same for stderr
 *                   k  kill the command's process group
 *   guest to host   r  ready for the next block of stdin
 *                   o  a block of stdout
 *                   e  a block of stderr
 *                   x  the end: "E" and the exit status, or "S" and the signal
 *
 * The agent reads non-blockingly and loses what it has read when it then finds less than was asked
 * for. So exactly what is known to be there is read: eight bytes, which come whole or not at all,
 * then the payload. That holds because all that may be under way at once (o, e, r, x, a block
 * being 24 KiB) fits into an empty pipe, and a write that fits is all there when the reader sees
 * its begin. The same the other way round: one i of 48 KiB, A, B and k. The agent cannot tell us
 * that something is there, so it is asked again and again while nothing comes, ever more slowly
 * (each failure is a line in the guest's journal). */
#pragma once

#include "channel/guest-agent.h"

typedef struct _VqAgentPipe VqAgentPipe;

typedef struct
{
  void (*opened) (gpointer data);
  /* A whole frame; BYTES are valid during the call. */
  void (*frame) (char type, const guint8 *bytes, gsize n, gpointer data);
  /* Nothing came for some time; a chance to see whether the runner still lives. */
  void (*quiet) (gpointer data);
  /* The pipe cannot be used any more, for ERROR. The last call. */
  void (*failed) (const GError *error, gpointer data);
} VqAgentPipeHandlers;

/* Opens the pipes of the runner PID, which has just been started, as soon as they are there. AGENT
 * and HANDLERS must outlive the result. Handlers may free the pipe. Does not wait. */
VqAgentPipe *vq_agent_pipe_new (VqGuestAgent *agent, gint64 pid,
                                const VqAgentPipeHandlers *handlers, gpointer data);

/* Closes both ends in the guest: a runner that still runs then kills its command and ends. */
void vq_agent_pipe_free (VqAgentPipe *pipe);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqAgentPipe, vq_agent_pipe_free)

/* The largest payload from the guest, and of a block of stdin to it. A page of the pipe holds one
 * frame's bytes only: these fill its 16 pages of 4 KiB, one left over. */
#define VQ_AGENT_PIPE_BLOCK 24576
#define VQ_AGENT_PIPE_INPUT 49152

/* Sends a frame; only after it was opened. Does not wait. */
void vq_agent_pipe_send (VqAgentPipe *pipe, char type, const guint8 *bytes, gsize n);
