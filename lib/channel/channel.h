// SPDX-License-Identifier: GPL-2.0-or-later
/* A channel into the guest: an interface that runs argv as root with three descriptors, tells
 * how it ended, and can kill it. Implementations: helper-channel (our own helper in the guest), and
 * ssh-channel. */
#pragma once

#include <glib.h>

#include "base/wait.h"

typedef enum
{
  VQ_ENDED_EXITED,    /* value is the exit status, 0-255 */
  VQ_ENDED_SIGNALLED, /* value is the signal's number */
  VQ_ENDED_FAILED,    /* the channel failed, or lost some of the command's input or output */
} VqEndKind;

/* How a command ended. */
typedef struct
{
  VqEndKind kind;
  int value;
  const GError *error; /* why, with VQ_ENDED_FAILED, else NULL; valid during the callback */
} VqEnd;

/* Called once, from the main context, when a command has ended and all its output is written. */
typedef void (*VqCommandDone) (const VqEnd *end, gpointer data);

typedef struct _VqChannel VqChannel;
typedef struct _VqCommand VqCommand;

/* A command on a terminal of its own in the guest, wired to one of ours. */
typedef struct
{
  const char *const *argv;
  const char *directory;          /* to start in, "/" if there is no such */
  const char *const *environment; /* NAME=VALUE words; may be empty */
  guint rows, columns;
} VqTerminal;

/* What an implementation provides; the first member of its own struct is a VqChannel. */
typedef struct
{
  VqCommand *(*start) (VqChannel *channel, const char *const *argv, int in, int out, int err,
                       VqCommandDone done, gpointer data);
  void (*kill) (VqChannel *channel, VqCommand *command);
  /* NULL in a channel that cannot pass on signals. */
  void (*signal) (VqChannel *channel, VqCommand *command, int signum);
  /* This and resize are NULL in a channel that has no terminals. */
  VqCommand *(*start_terminal) (VqChannel *channel, const VqTerminal *terminal, int in, int out,
                                VqCommandDone done, gpointer data);
  void (*resize) (VqChannel *channel, VqCommand *command, guint rows, guint columns);
  void (*free) (VqChannel *channel);
  /* The argv[0] of a program of ours in the guest that writes and reads plain files. It is followed
   * by the words that helper-wire.h describes, and by a command that does the same for any other
   * kind of file. NULL if there is no such program. */
  const char *file_program;
} VqChannelClass;

struct _VqChannel
{
  const VqChannelClass *class;
};

/* Starts ARGV in the guest, as root, in "/", with the environment of a root shell that init
 * started. ARGV may contain any bytes except NUL, and may be freed at once. IN, OUT and ERR are
 * taken over, and are closed at the latest when the command has ended. Does not wait. DONE is
 * called exactly once, and never from inside this call.
 *
 * If IN cannot be read to its end (a broken disk), the command is killed, because it must not take
 * that for the end. In that case, and if OUT or ERR cannot be written (a full disk), it ends with
 * VQ_ENDED_FAILED. It is no failure if nobody reads OUT or ERR any more; the command may notice
 * that itself (SIGPIPE). */
VqCommand *vq_channel_start (VqChannel *channel, const char *const *argv, int in, int out, int err,
                             VqCommandDone done, gpointer data);

/* Whether commands can have a terminal of their own. */
gboolean vq_channel_has_terminals (VqChannel *channel);

/* As vq_channel_start, but on a new terminal in the guest, which IN feeds and whose output goes to
 * OUT. Only for a channel that has terminals. */
VqCommand *vq_channel_start_terminal (VqChannel *channel, const VqTerminal *terminal, int in,
                                      int out, VqCommandDone done, gpointer data);
void vq_channel_resize (VqChannel *channel, VqCommand *command, guint rows, guint columns);

/* Kills the process group of COMMAND in the guest; DONE follows as for any end. What it still
 * writes is thrown away. */
void vq_channel_kill (VqChannel *channel, VqCommand *command);

/* Sends the signal SIGNUM (not SIGKILL) to the process group of COMMAND in the guest. Nothing
 * happens if that has ended. FALSE: the channel cannot pass on signals. */
gboolean vq_channel_signal (VqChannel *channel, VqCommand *command, int signum);

/* Drops every command (DONE is called with VQ_ENDED_FAILED) and frees the channel. */
void vq_channel_free (VqChannel *channel);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqChannel, vq_channel_free)
