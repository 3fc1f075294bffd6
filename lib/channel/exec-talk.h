// SPDX-License-Identifier: GPL-2.0-or-later
/* The client's part of exec-wire.h: packs and sends a request and messages, and receives the reply.
 * It uses libc only, because virt-qemu-exec does, and leaves all waiting to its callers: on a
 * blocking socket each call waits, on a non-blocking one it fails with EAGAIN. */
#pragma once

#include <sys/types.h>

#include "channel/exec-wire.h"

/* What is to be sent. */
typedef struct
{
  char *bytes; /* owned */
  size_t length, sent;
} VqExecTalk;

typedef struct
{
  const char *const *argv; /* ends with NULL, as does environment */
  /* The rest is for a command on a terminal; without one, directory is NULL. */
  const char *directory;
  const char *const *environment;
  unsigned rows, columns;
} VqExecTalkCommand;

/* What has come of the reply. The text, which says why with VQ_EXEC_FAILED, ends with NUL. */
typedef struct
{
  VqExecReply head;
  char text[VQ_EXEC_TEXT_MAX + 1];
  size_t have;
} VqExecTalkReply;

/* Packs the request for COMMAND. TALK must be zero. Returns 0, or an error: E2BIG or ENOMEM. */
int vq_exec_talk_pack (VqExecTalk *talk, const VqExecTalkCommand *command);

/* Adds a message after what is still to be sent. Returns 0 or ENOMEM. */
int vq_exec_talk_add (VqExecTalk *talk, const VqExecMessage *message);

/* Frees what TALK owns. */
void vq_exec_talk_clear (VqExecTalk *talk);

/* Sends what FD takes in one call. The descriptors STDIO, which stay the caller's, go with the
 * first byte; NULL if only messages are left to send. Returns 1 if all is sent, 0 if more is left,
 * and -1 with errno. The server may have replied before it hung up (EPIPE, ECONNRESET). */
int vq_exec_talk_send (VqExecTalk *talk, int fd, const int stdio[VQ_EXEC_N_FDS]);

/* Receives what FD gives in one call. REPLY must be zero at the beginning. Returns 1 if it is
 * complete, 0 if there is more to come, and -1 with errno: ECONNRESET if the server has hung up,
 * EPROTO if what it says is no reply. */
int vq_exec_talk_receive (VqExecTalkReply *reply, int fd);

/* What to tell the user of such an error. */
const char *vq_exec_talk_describe (int errnum);
