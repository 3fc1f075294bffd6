// SPDX-License-Identifier: GPL-2.0-or-later
/* The states of a command: its connection is open until the reply has come; meanwhile something may
 * be left to send. Then, or if it could not be opened, the command is over and waits for its
 * callback, which is never called from inside vq_channel_start. */
#include "channel/exec-client.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <signal.h>
#include <string.h>

#include "base/error.h"
#include "base/fd.h"
#include "channel/exec-talk.h"
#include "io/unix-socket.h"

typedef struct
{
  VqChannel parent;
  char *socket_path;
  GQueue commands; /* of VqCommand, owned */
} ExecClient;

struct _VqCommand
{
  ExecClient *client;
  GList link;               /* its place in the client's queue */
  int fd;                   /* -1: there was no connection */
  int stdio[VQ_EXEC_N_FDS]; /* -1 when they are sent */
  VqExecTalk talk;
  VqExecTalkReply reply;
  guint source_id; /* waits for the socket, or calls finish */
  VqCommandDone done;
  gpointer data;
  GError *error; /* why there is no reply */
};

static void
clear_stdio (VqCommand *command)
{
  for (guint i = 0; i < VQ_EXEC_N_FDS; i++)
    vq_fd_clear (&command->stdio[i]);
}

static void
free_command (VqCommand *command)
{
  g_queue_unlink (&command->client->commands, &command->link);
  g_clear_handle_id (&command->source_id, g_source_remove);
  clear_stdio (command);
  vq_fd_clear (&command->fd);
  vq_exec_talk_clear (&command->talk);
  g_clear_error (&command->error);
  g_free (command);
}

static VqEnd
get_end (VqCommand *command)
{
  const VqExecReply *head = &command->reply.head;

  if (command->error == NULL && head->kind == VQ_EXEC_FAILED)
    vq_error_set (&command->error, VQ_ERROR_FAILED, "%s", command->reply.text);
  if (command->error != NULL)
    return (VqEnd){ VQ_ENDED_FAILED, 0, command->error };
  return (VqEnd){ head->kind == VQ_EXEC_EXITED ? VQ_ENDED_EXITED : VQ_ENDED_SIGNALLED, head->value,
                  NULL };
}

/* Ends a command: tells its owner, and frees it. */
static void
finish (VqCommand *command)
{
  g_autoptr (GError) error = NULL;
  VqCommandDone done = command->done;
  gpointer data = command->data;
  VqEnd end = get_end (command);

  error = g_steal_pointer (&command->error);
  free_command (command);
  done (&end, data);
}

static gboolean
finish_idly (gpointer data)
{
  VqCommand *command = data;

  command->source_id = 0;
  finish (command);
  return G_SOURCE_REMOVE;
}

/* Takes over ERROR. */
static void
fail_soon (VqCommand *command, GError *error)
{
  g_clear_handle_id (&command->source_id, g_source_remove);
  command->error = error;
  command->source_id = g_idle_add_full (G_PRIORITY_DEFAULT, finish_idly, command, NULL);
}

static void
fail_with_errno (VqCommand *command, int errnum)
{
  GError *error = NULL;

  vq_error_set (&error, VQ_ERROR_FAILED, "%s", vq_exec_talk_describe (errnum));
  fail_soon (command, error);
}

static void watch (VqCommand *command);

static gboolean
on_readable (VqCommand *command)
{
  int received = vq_exec_talk_receive (&command->reply, command->fd);

  if (received > 0)
    finish (command);
  else if (received < 0 && errno != EAGAIN)
    fail_with_errno (command, errno);
  return G_SOURCE_CONTINUE; /* if the source is not needed any more, it has already been removed */
}

/* Sends what the socket takes. If the server has hung up, its reply may still have come. */
static void
send_some (VqCommand *command)
{
  const int *stdio = command->stdio[0] >= 0 ? command->stdio : NULL;
  int sent = vq_exec_talk_send (&command->talk, command->fd, stdio);

  if (command->talk.sent > 0)
    clear_stdio (command);
  if (sent > 0 || (sent < 0 && (errno == EPIPE || errno == ECONNRESET)))
    vq_exec_talk_clear (&command->talk);
  else if (sent < 0 && errno != EAGAIN)
    fail_with_errno (command, errno);
  if (command->error == NULL)
    watch (command);
}

static gboolean
on_ready (int fd, GIOCondition events, gpointer data)
{
  VqCommand *command = data;

  if ((events & (G_IO_IN | G_IO_HUP | G_IO_ERR)) != 0)
    return on_readable (command);
  send_some (command);
  return G_SOURCE_CONTINUE;
}

/* Waits until the socket has a reply, or takes what is left to send. */
static void
watch (VqCommand *command)
{
  GIOCondition events = G_IO_IN | (command->talk.bytes != NULL ? G_IO_OUT : 0);

  g_clear_handle_id (&command->source_id, g_source_remove);
  command->source_id = g_unix_fd_add (command->fd, events | G_IO_HUP | G_IO_ERR, on_ready, command);
}

/* Takes over the descriptors. */
static VqCommand *
start (VqChannel *channel, const VqExecTalkCommand *request, const int stdio[VQ_EXEC_N_FDS],
       VqCommandDone done, gpointer data)
{
  VqCommand *command = g_new0 (VqCommand, 1);
  GError *error = NULL;
  int wrong;

  command->client = (ExecClient *)channel;
  command->link.data = command;
  memcpy (command->stdio, stdio, sizeof command->stdio);
  command->done = done;
  command->data = data;
  g_queue_push_tail_link (&command->client->commands, &command->link);
  command->fd = vq_unix_socket_connect (command->client->socket_path, &error);
  wrong = vq_exec_talk_pack (&command->talk, request);
  if (command->fd < 0)
    fail_soon (command, error);
  else if (wrong != 0)
    fail_with_errno (command, wrong);
  else
    send_some (command);
  return command;
}

static VqCommand *
exec_client_start (VqChannel *channel, const char *const *argv, int in, int out, int err,
                   VqCommandDone done, gpointer data)
{
  const VqExecTalkCommand request = { .argv = argv };

  return start (channel, &request, (const int[]){ in, out, err }, done, data);
}

/* The server expects a stderr, too. */
static VqCommand *
exec_client_start_terminal (VqChannel *channel, const VqTerminal *terminal, int in, int out,
                            VqCommandDone done, gpointer data)
{
  const VqExecTalkCommand request = { terminal->argv, terminal->directory, terminal->environment,
                                      terminal->rows, terminal->columns };

  return start (channel, &request, (const int[]){ in, out, fcntl (out, F_DUPFD_CLOEXEC, 0) }, done,
                data);
}

/* What is said after the command has ended is lost. */
static void
say (VqCommand *command, VqExecMessageKind kind, guint first, guint second)
{
  const VqExecMessage message = { kind, { first, second } };
  int wrong;

  if (command->fd < 0 || command->error != NULL)
    return;
  wrong = vq_exec_talk_add (&command->talk, &message);
  if (wrong != 0)
    fail_with_errno (command, wrong);
  else
    send_some (command);
}

static void
exec_client_resize (VqChannel *channel, VqCommand *command, guint rows, guint columns)
{
  say (command, VQ_EXEC_WINDOW_SIZE, rows, columns);
}

static void
exec_client_signal (VqChannel *channel, VqCommand *command, int signum)
{
  say (command, VQ_EXEC_SIGNAL, signum, 0);
}

static void
exec_client_kill (VqChannel *channel, VqCommand *command)
{
  exec_client_signal (channel, command, SIGKILL);
}

static void
exec_client_free (VqChannel *channel)
{
  ExecClient *client = (ExecClient *)channel;
  VqCommand *command;

  while ((command = g_queue_peek_head (&client->commands)) != NULL)
    {
      g_clear_error (&command->error);
      vq_error_set (&command->error, VQ_ERROR_FAILED,
                    "the connection was closed while the command ran");
      finish (command);
    }
  g_free (client->socket_path);
  g_free (client);
}

VqChannel *
vq_exec_client_new (const char *socket_path)
{
  static const VqChannelClass class = {
    .start = exec_client_start,
    .kill = exec_client_kill,
    .signal = exec_client_signal,
    .start_terminal = exec_client_start_terminal,
    .resize = exec_client_resize,
    .free = exec_client_free,
  };
  ExecClient *client = g_new0 (ExecClient, 1);

  client->parent.class = &class;
  client->socket_path = g_strdup (socket_path);
  g_queue_init (&client->commands);
  return &client->parent;
}
