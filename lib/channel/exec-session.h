// SPDX-License-Identifier: GPL-2.0-or-later
/* One client of exec-server: its request, its command, what it says meanwhile, and the reply. Part
 * of exec-server. */
#pragma once

#include <glib.h>

#include "channel/channel.h"

typedef struct _VqExecSession VqExecSession;

/* What a session asks and tells its server. */
typedef struct
{
  /* The channel for a command that is to start; NULL with *WHY if there is none. */
  VqChannel *(*get_channel) (gpointer data, const char **why);
  /* Its command is about to start; whether ENDED is to be called for it. */
  gboolean (*begins) (const char *const *argv, gpointer data);
  /* It has ended by itself with the exit status STATUS; -1: in another way, or nobody waits for it
   * any more. */
  void (*ended) (int status, gpointer data);
  /* The session is over and must not be used any more. It frees itself, if need be later. */
  void (*over) (VqExecSession *session, gpointer data);
} VqExecSessionOwner;

/* Begins a session with the client at the socket FD, which is taken over. */
VqExecSession *vq_exec_session_new (int fd, const VqExecSessionOwner *owner, gpointer data);

/* Whether its command runs. */
gboolean vq_exec_session_is_running (VqExecSession *session);

/* Answers the client with a failure because of WHY, kills its command, and ends the session. */
void vq_exec_session_fail (VqExecSession *session, const char *why);
