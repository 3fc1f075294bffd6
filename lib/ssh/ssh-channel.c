// SPDX-License-Identifier: GPL-2.0-or-later
#include "ssh/ssh-channel.h"

#include <signal.h>
#include <unistd.h>

#include "channel/channel-capture.h"
#include "base/error.h"
#include "ssh/ssh-exec.h"

/* OpenSSH's own limit. One is left for a command that kills another. */
#define COMMANDS_PER_CONNECTION 10
#define CONNECTIONS_MAX 32

typedef struct
{
  VqSshSession *session; /* owned */
  gboolean was_ready;
  guint limit; /* commands that it takes */
} Connection;

typedef struct
{
  VqChannel parent;
  VqSshLogin *login;      /* not owned */
  GPtrArray *connections; /* of Connection, owned */
  GQueue commands;        /* of VqCommand, owned; those that kill come first */
  gboolean full;          /* the server admits no more connections */
  guint work_id;
  GError *error; /* set: lost */
} SshChannel;

struct _VqCommand
{
  SshChannel *channel;
  GList link; /* in the channel's queue */
  VqSshExec *exec;
  Connection *connection; /* it runs on, not owned; NULL: it waits */
  guint others;           /* commands there when it was given to it */
  gboolean refused;       /* by the server, once */
  VqCommandDone done;     /* NULL: it is ours, and kills another one */
  gpointer data;
  gboolean killed;
  VqEndKind kind; /* this and the rest for an end that is not EXEC's */
  int value;
  GError *error;
  guint finish_id;
};

static void
connection_free (gpointer data)
{
  Connection *connection = data;

  vq_ssh_session_free (connection->session);
  g_free (connection);
}

/* The last thing that is done with a command. */
static void
finish (VqCommand *command, const VqEnd *end)
{
  VqCommandDone done = command->done;
  gpointer data = command->data;

  g_queue_unlink (&command->channel->commands, &command->link);
  g_clear_handle_id (&command->finish_id, g_source_remove);
  vq_ssh_exec_free (command->exec);
  if (done != NULL)
    done (end, data);
  g_clear_error (&command->error);
  g_free (command);
}

static gboolean
finish_idly (gpointer data)
{
  VqCommand *command = data;
  VqEnd end = { command->kind, command->value, command->error };

  command->finish_id = 0;
  finish (command, &end);
  return G_SOURCE_REMOVE;
}

/* An end without EXEC: it has not been started, and will not be. Takes ERROR. */
static void
finish_soon (VqCommand *command, VqEndKind kind, int value, GError *error)
{
  if (command->finish_id != 0)
    {
      g_clear_error (&error);
      return;
    }
  command->kind = kind;
  command->value = value;
  command->error = error;
  command->finish_id = g_idle_add_full (G_PRIORITY_DEFAULT, finish_idly, command, NULL);
}

static gboolean
is_waiting (VqCommand *command)
{
  return command->connection == NULL && command->finish_id == 0;
}

static gboolean
has_room (Connection *connection, gboolean to_kill)
{
  guint room = to_kill ? connection->limit : MAX (connection->limit, 2) - 1;

  return vq_ssh_session_is_ready (connection->session)
         && vq_ssh_session_count_users (connection->session) < room;
}

/* NULL if there is none now. */
static Connection *
find_room (SshChannel *channel, gboolean to_kill)
{
  for (guint i = 0; i < channel->connections->len; i++)
    if (has_room (channel->connections->pdata[i], to_kill))
      return channel->connections->pdata[i];
  return NULL;
}

static gboolean work (gpointer data);

static void
work_soon (gpointer data)
{
  SshChannel *channel = data;

  if (channel->work_id == 0)
    channel->work_id = g_idle_add_full (G_PRIORITY_DEFAULT, work, channel, NULL);
}

static Connection *
add_connection (SshChannel *channel, VqSshSession *session)
{
  Connection *connection = g_new0 (Connection, 1);

  connection->session = session;
  connection->limit = COMMANDS_PER_CONNECTION;
  g_ptr_array_add (channel->connections, connection);
  vq_ssh_session_watch (session, work_soon, channel);
  return connection;
}

/* Unless one is being opened. */
static void
open_another (SshChannel *channel)
{
  Connection *last = g_ptr_array_index (channel->connections, channel->connections->len - 1);
  g_autoptr (GError) error = NULL;
  VqSshSession *session;

  if (channel->full || !vq_ssh_session_is_ready (last->session)
      || channel->connections->len >= CONNECTIONS_MAX)
    return;
  session = vq_ssh_session_start (channel->login, &error);
  if (session != NULL)
    add_connection (channel, session);
  channel->full = session == NULL;
}

static void
give_to (VqCommand *command, Connection *connection)
{
  command->connection = connection;
  command->others = vq_ssh_session_count_users (connection->session);
  vq_ssh_exec_attach (command->exec, connection->session);
}

/* Starts what waits, as far as there is room. */
static void
start_waiting (SshChannel *channel)
{
  for (GList *link = channel->commands.head; link != NULL; link = link->next)
    {
      VqCommand *command = link->data;
      Connection *connection;

      if (!is_waiting (command))
        continue;
      connection = find_room (channel, command->done == NULL);
      if (connection == NULL)
        {
          open_another (channel);
          return;
        }
      give_to (command, connection);
    }
}

/* A first connection that is lost is the end; a further one that never got in is not. */
static void
look_at_connection (SshChannel *channel, Connection *connection)
{
  const GError *error = vq_ssh_session_get_error (connection->session);

  if (error == NULL)
    connection->was_ready = vq_ssh_session_is_ready (connection->session);
  else if (connection->was_ready && channel->error == NULL)
    channel->error = g_error_copy (error);
  else if (!connection->was_ready)
    {
      g_debug ("no further ssh connection: %s", error->message);
      channel->full = TRUE;
      g_ptr_array_remove (channel->connections, connection);
    }
}

static void
fail_waiting (SshChannel *channel)
{
  for (GList *link = channel->commands.head; link != NULL; link = link->next)
    if (is_waiting (link->data))
      finish_soon (link->data, VQ_ENDED_FAILED, 0, g_error_copy (channel->error));
}

static gboolean
work (gpointer data)
{
  SshChannel *channel = data;

  channel->work_id = 0;
  for (guint i = channel->connections->len; i > 0; i--)
    look_at_connection (channel, g_ptr_array_index (channel->connections, i - 1));
  if (channel->error != NULL)
    fail_waiting (channel);
  else
    start_waiting (channel);
  return G_SOURCE_REMOVE;
}

static VqCommand *start_command (SshChannel *channel, const char *const *argv, const int fds[3],
                                 VqCommandDone done, gpointer data);

/* Sends a signal to the process group of COMMAND. */
static void
send_signal (VqCommand *command, const char *name)
{
  g_autofree char *pid = g_strdup_printf ("%u", vq_ssh_exec_get_pid (command->exec));
  const char *const argv[] = { "sh", "-c", "kill -s \"$1\" -- \"-$2\"", "sh", name, pid, NULL };
  const int none[] = { -1, -1, -1 };

  start_command (command->channel, argv, none, NULL, NULL);
}

static void
on_started (gpointer data)
{
  VqCommand *command = data;

  if (command->killed)
    send_signal (command, "KILL");
}

static void
on_unread (gpointer data)
{
  VqCommand *command = data;

  if (command->done != NULL && !command->killed && vq_ssh_exec_get_pid (command->exec) != 0)
    send_signal (command, "PIPE");
}

/* A server may admit fewer commands than OpenSSH's does. It has to say so twice: OpenSSH forgets
 * one that is over only after it has looked at all that came along with our word that we know.
 * Those that were there when it was asked count: when it says no, they may be over. */
static void
on_refused (gpointer data)
{
  VqCommand *command = data;
  Connection *connection = command->connection;
  gboolean again = command->refused;

  command->connection = NULL;
  command->refused = !again;
  if (again)
    connection->limit = CLAMP (command->others, 1, connection->limit);
  if (command->killed && command->done != NULL)
    finish_soon (command, VQ_ENDED_SIGNALLED, SIGKILL, NULL);
  else if (again && command->others == 0)
    finish_soon (command, VQ_ENDED_FAILED, 0, g_error_copy (vq_ssh_exec_get_error (command->exec)));
  else
    work_soon (command->channel);
}

static void
on_ended (const VqEnd *end, gpointer data)
{
  finish (data, end);
}

static VqCommand *
start_command (SshChannel *channel, const char *const *argv, const int fds[3], VqCommandDone done,
               gpointer data)
{
  static const VqSshExecHandlers handlers = { on_started, on_unread, on_refused, on_ended };
  VqCommand *command = g_new0 (VqCommand, 1);

  command->channel = channel;
  command->link.data = command;
  command->done = done;
  command->data = data;
  command->exec = vq_ssh_exec_new (argv, fds[0], fds[1], fds[2], &handlers, command);
  if (done == NULL)
    g_queue_push_head_link (&channel->commands, &command->link);
  else
    g_queue_push_tail_link (&channel->commands, &command->link);
  if (channel->error != NULL)
    finish_soon (command, VQ_ENDED_FAILED, 0, g_error_copy (channel->error));
  else
    start_waiting (channel);
  return command;
}

static VqCommand *
start_on_channel (VqChannel *parent, const char *const *argv, int in, int out, int err,
                  VqCommandDone done, gpointer data)
{
  const int fds[] = { in, out, err };

  return start_command ((SshChannel *)parent, argv, fds, done, data);
}

static void
kill_on_channel (VqChannel *parent, VqCommand *command)
{
  if (command->killed)
    return;
  command->killed = TRUE;
  vq_ssh_exec_mute (command->exec);
  if (is_waiting (command))
    finish_soon (command, VQ_ENDED_SIGNALLED, SIGKILL, NULL);
  else if (vq_ssh_exec_get_pid (command->exec) != 0)
    send_signal (command, "KILL");
}

/* Its process lives on: there is no time to kill it, and OpenSSH passes no signals on for root. */
static void
drop (VqCommand *command)
{
  g_autoptr (GError) error = NULL;
  VqEnd end = { VQ_ENDED_FAILED, 0, NULL };

  vq_error_set (&error, VQ_ERROR_FAILED, "the testbed was closed while the command ran");
  end.error = error;
  finish (command, &end);
}

static void
end_channel (VqChannel *parent)
{
  SshChannel *channel = (SshChannel *)parent;

  while (!g_queue_is_empty (&channel->commands))
    drop (g_queue_peek_head (&channel->commands));
  g_ptr_array_unref (channel->connections);
  g_clear_handle_id (&channel->work_id, g_source_remove);
  g_clear_error (&channel->error);
  g_free (channel);
}

VqChannel *
vq_ssh_channel_new (VqSshSession *session, VqSshLogin *login, gint64 deadline, VqCancel *cancel,
                    GError **error)
{
  static const VqChannelClass class = {
    .name = "ssh",
    .start = start_on_channel,
    .kill = kill_on_channel,
    .free = end_channel,
  };
  static const char *const try[] = { "true", NULL };
  SshChannel *channel = g_new0 (SshChannel, 1);

  channel->parent.class = &class;
  channel->login = login;
  channel->connections = g_ptr_array_new_with_free_func (connection_free);
  add_connection (channel, session)->was_ready = TRUE;
  g_queue_init (&channel->commands);
  if (vq_channel_capture (&channel->parent, try, NULL, NULL, deadline, cancel, error))
    return &channel->parent;
  end_channel (&channel->parent);
  return NULL;
}
