// SPDX-License-Identifier: GPL-2.0-or-later
/* One command on one channel of an ssh connection. */
#pragma once

#include "channel/channel.h"
#include "ssh/ssh-session.h"

typedef struct _VqSshExec VqSshExec;

/* All are called from the main context, never from inside these functions, and may free the
 * command. */
typedef struct
{
  void (*started) (gpointer data); /* its process is known */
  void (*unread) (gpointer data);  /* nobody reads one of its outputs any more */
  void (*refused) (gpointer data); /* the connection had no room: it can be attached again */
  void (*ended) (const VqEnd *end, gpointer data); /* all its output is written */
} VqSshExecHandlers;

/* A command that is not attached to a connection yet. ARGV need not outlive the call. The
 * descriptors are taken over; -1 for those that nobody wants. */
VqSshExec *vq_ssh_exec_new (const char *const *argv, int in, int out, int err,
                            const VqSshExecHandlers *handlers, gpointer data);

/* Starts it on SESSION, which must be ready. */
void vq_ssh_exec_attach (VqSshExec *exec, VqSshSession *session);

/* Its process in the guest, which leads a process group; 0 if that is not known (yet). */
guint vq_ssh_exec_get_pid (VqSshExec *exec);

/* Why it was refused. */
const GError *vq_ssh_exec_get_error (VqSshExec *exec);

/* Its stdin is at its end, and its output is thrown away: it is being killed. */
void vq_ssh_exec_mute (VqSshExec *exec);

/* Lets go of it: no handler is called any more. Its channel closes itself and counts as a user of
 * the session until the server has closed it, too. What runs in the guest runs on. */
void vq_ssh_exec_free (VqSshExec *exec);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqSshExec, vq_ssh_exec_free)
