// SPDX-License-Identifier: GPL-2.0-or-later
/* A process in the guest as ssh knows it: a channel of the connection, on which its output comes
 * and then how it ended. Driven by ssh-exec, whose part it is; never waits. */
#pragma once

#include <libssh/callbacks.h>

#include "channel/channel.h"
#include "ssh/ssh-drain.h"
#include "ssh/ssh-streams.h"

/* Starts as zeroes. Must not move, as libssh points to it. */
typedef struct
{
  ssh_channel channel; /* the session's; NULL: none, or lost */
  struct ssh_channel_callbacks_struct callbacks;
  VqSshStreams *streams; /* not owned: where its output goes; NULL: nowhere */
  VqSshDrain drain;
  gboolean eof, closed; /* by the server */
  gboolean exited;
  VqEndKind kind; /* this and the rest when it exited */
  int value;
  GError *error; /* owned */
} VqSshProcess;

void vq_ssh_process_clear (VqSshProcess *process);

/* Gives it a new channel of SSH, which is still to be opened. */
void vq_ssh_process_begin (VqSshProcess *process, ssh_session ssh);

/* It has ended so, unless it had before. Takes ERROR. */
void vq_ssh_process_exit (VqSshProcess *process, VqEndKind kind, int value, GError *error);

/* Nothing more comes of what it had written before its end, or as much as we take. */
gboolean vq_ssh_process_is_drained (VqSshProcess *process);

/* Of one that has exited and whose output is written: finds out whether more comes. FALSE: that
 * cannot be told now. */
gboolean vq_ssh_process_drain (VqSshProcess *process);

/* Closes our end of the channel, which is open. */
void vq_ssh_process_close (VqSshProcess *process);

/* Frees the channel: the server does not know it, or has closed it. */
void vq_ssh_process_drop (VqSshProcess *process);

/* The connection is lost, and all channels will go with it. */
void vq_ssh_process_forget (VqSshProcess *process);
