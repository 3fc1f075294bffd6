// SPDX-License-Identifier: GPL-2.0-or-later
#include "host-channel.h"

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "host-terminal.h"

typedef struct
{
  VqChannel parent;
  GQueue commands; /* of VqCommand, owned, in the order of their start */
  guint n_killed;
} HostChannel;

struct _VqCommand
{
  HostChannel *channel;
  GPid pid;               /* 0 if it could not be started */
  HostTerminal *terminal; /* owned; NULL: it has none */
  guint source_id;
  VqCommandDone done;
  gpointer data;
};

static void
command_end (VqCommand *command, const VqEnd *end)
{
  g_queue_remove (&command->channel->commands, command);
  g_clear_pointer (&command->terminal, host_terminal_free);
  command->done (end, command->data);
  g_free (command);
}

static void
process_ended (GPid pid, gint status, gpointer data)
{
  VqEnd end = { VQ_ENDED_EXITED, 0, NULL };

  if (WIFSIGNALED (status))
    end = (VqEnd){ VQ_ENDED_SIGNALLED, WTERMSIG (status), NULL };
  else
    end.value = WEXITSTATUS (status);
  command_end (data, &end);
}

static gboolean
report_not_found (gpointer data)
{
  VqEnd end = { VQ_ENDED_EXITED, 127, NULL };

  command_end (data, &end);
  return G_SOURCE_REMOVE;
}

static void
lead_group (gpointer data)
{
  setpgid (0, 0);
  signal (SIGPIPE, SIG_DFL);
}

static VqCommand *
command_new (HostChannel *channel, VqCommandDone done, gpointer data)
{
  VqCommand *command = g_new0 (VqCommand, 1);

  command->channel = channel;
  command->done = done;
  command->data = data;
  g_queue_push_tail (&channel->commands, command);
  return command;
}

static VqCommand *
host_channel_start (VqChannel *channel, const char *const *argv, int in, int out, int err,
                    VqCommandDone done, gpointer data)
{
  VqCommand *command = command_new ((HostChannel *)channel, done, data);
  g_autoptr (GError) error = NULL;

  if (g_spawn_async_with_fds ("/", (char **)argv, NULL,
                              G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_SEARCH_PATH, lead_group, NULL,
                              &command->pid, in, out, err, &error))
    command->source_id = g_child_watch_add (command->pid, process_ended, command);
  else
    {
      dprintf (err, "%s\n", error->message);
      command->source_id = g_idle_add (report_not_found, command);
    }
  close (in);
  close (out);
  close (err);
  return command;
}

static VqCommand *
host_channel_start_terminal (VqChannel *channel, const VqTerminal *terminal, int in, int out,
                             VqCommandDone done, gpointer data)
{
  VqCommand *command = command_new ((HostChannel *)channel, done, data);

  command->terminal = host_terminal_new (terminal, in, out, &command->pid);
  command->source_id = g_child_watch_add (command->pid, process_ended, command);
  return command;
}

static void
host_channel_resize (VqChannel *channel, VqCommand *command, guint rows, guint columns)
{
  host_terminal_resize (command->terminal, rows, columns);
}

static void
host_channel_kill (VqChannel *channel, VqCommand *command)
{
  ((HostChannel *)channel)->n_killed++;
  if (command->pid != 0)
    kill (-command->pid, SIGKILL);
}

static void
host_channel_signal (VqChannel *channel, VqCommand *command, int signum)
{
  if (command->pid != 0)
    kill (-command->pid, signum);
}

static void
drop_command (VqCommand *command, const GError *reason)
{
  VqEnd end = { VQ_ENDED_FAILED, 0, reason };

  g_source_remove (command->source_id);
  if (command->pid != 0)
    {
      kill (-command->pid, SIGKILL);
      waitpid (command->pid, NULL, 0);
    }
  command_end (command, &end);
}

static void
host_channel_free (VqChannel *channel)
{
  HostChannel *self = (HostChannel *)channel;
  g_autoptr (GError) reason = g_error_new (VQ_ERROR, VQ_ERROR_FAILED, "the channel was closed");

  while (!g_queue_is_empty (&self->commands))
    drop_command (g_queue_peek_head (&self->commands), reason);
  g_free (self);
}

static VqChannel *
channel_new (const VqChannelClass *class)
{
  HostChannel *self = g_new0 (HostChannel, 1);

  self->parent.class = class;
  g_queue_init (&self->commands);
  return &self->parent;
}

VqChannel *
host_channel_new (void)
{
  static const VqChannelClass class = {
    .start = host_channel_start,
    .kill = host_channel_kill,
    .signal = host_channel_signal,
    .free = host_channel_free,
  };

  return channel_new (&class);
}

VqChannel *
host_channel_new_with_terminals (void)
{
  static const VqChannelClass class = {
    .start = host_channel_start,
    .start_terminal = host_channel_start_terminal,
    .resize = host_channel_resize,
    .kill = host_channel_kill,
    .signal = host_channel_signal,
    .free = host_channel_free,
  };

  return channel_new (&class);
}

guint
host_channel_n_running (VqChannel *channel)
{
  return ((HostChannel *)channel)->commands.length;
}

guint
host_channel_n_killed (VqChannel *channel)
{
  return ((HostChannel *)channel)->n_killed;
}

GPid
host_channel_last_pid (VqChannel *channel)
{
  VqCommand *last = g_queue_peek_tail (&((HostChannel *)channel)->commands);

  return last == NULL ? 0 : last->pid;
}
