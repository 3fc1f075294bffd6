// SPDX-License-Identifier: GPL-2.0-or-later
/* A command's life: CONNECTED, from the start (its request may still be on its way out), until
 * there is a reply. When it is killed our side of the connection is closed, which makes the server
 * kill it, close the other side, and say no more. If the connection ends otherwise, the server has
 * died: the command is LOST, and waits for the reason. Last, it is ENDING, once it is known how: it
 * is told from the main context. */
#include "channel/exec-channel.h"

#include <errno.h>
#include <glib-unix.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.h"
#include "channel/exec-wire.h"
#include "io/send-queue.h"
#include "base/text.h"

#define REASON_MS 3000 /* so long it may take to hear why the server died */

typedef struct
{
  VqChannel parent;
  char *path;
  GQueue commands; /* of VqCommand, owned */
  GError *failure; /* the server is gone */
  guint reason_id; /* waits for that */
} ExecChannel;

typedef enum
{
  CONNECTED,
  LOST,
  ENDING,
} State;

struct _VqCommand
{
  ExecChannel *channel;
  GList link; /* in the channel's queue */
  State state;
  int fd;             /* owned; -1 unless CONNECTED */
  guint source_id;    /* reads from it */
  VqSendQueue *queue; /* owned: the words on their way into it */
  gboolean killed;
  guint8 reply[sizeof (VqExecReply) + VQ_EXEC_TEXT_MAX];
  gsize have; /* bytes of it */
  VqCommandDone done;
  gpointer data;
  VqEndKind kind; /* this and the rest when ENDING */
  int value;
  GError *error;
  guint end_id;
};

static void
disconnect (VqCommand *command)
{
  g_clear_handle_id (&command->source_id, g_source_remove);
  g_clear_pointer (&command->queue, vq_send_queue_free);
  if (command->fd >= 0)
    close (command->fd);
  command->fd = -1;
}

/* The last thing that is done with a command. */
static void
finish (VqCommand *command, const VqEnd *end)
{
  g_queue_unlink (&command->channel->commands, &command->link);
  g_clear_handle_id (&command->end_id, g_source_remove);
  disconnect (command);
  command->done (end, command->data);
  g_clear_error (&command->error);
  g_free (command);
}

static gboolean
finish_idly (gpointer data)
{
  VqCommand *command = data;
  VqEnd end = { command->kind, command->value, command->error };

  command->end_id = 0;
  finish (command, &end);
  return G_SOURCE_REMOVE;
}

/* Takes ERROR. */
static void
end (VqCommand *command, VqEndKind kind, int value, GError *error)
{
  g_assert (command->state != ENDING);
  disconnect (command);
  command->state = ENDING;
  command->kind = kind;
  command->value = value;
  command->error = error;
  command->end_id = g_idle_add_full (G_PRIORITY_DEFAULT, finish_idly, command, NULL);
}

static void
end_failed (VqCommand *command, const char *why)
{
  GError *error = NULL;

  vq_error_set (&error, VQ_ERROR_PEER, "%s", why);
  end (command, VQ_ENDED_FAILED, 0, error);
}

/* Those that are still connected may have a reply to read, or will be lost. */
static void
end_lost (ExecChannel *channel)
{
  for (GList *link = channel->commands.head; link != NULL; link = link->next)
    {
      VqCommand *command = link->data;

      if (command->state == LOST)
        end (command, VQ_ENDED_FAILED, 0, g_error_copy (channel->failure));
    }
}

/* Nobody has said why. */
static gboolean
on_no_reason (gpointer data)
{
  ExecChannel *channel = data;

  channel->reason_id = 0;
  vq_error_set (&channel->failure, VQ_ERROR_PEER, "the program that runs the commands went away");
  end_lost (channel);
  return G_SOURCE_REMOVE;
}

static void
lose (VqCommand *command)
{
  ExecChannel *channel = command->channel;

  disconnect (command);
  command->state = LOST;
  if (channel->failure != NULL)
    end (command, VQ_ENDED_FAILED, 0, g_error_copy (channel->failure));
  else if (channel->reason_id == 0)
    channel->reason_id = g_timeout_add (REASON_MS, on_no_reason, channel);
}

static void
judge_reply (VqCommand *command, const VqExecReply *reply)
{
  const char *text = (const char *)command->reply + sizeof *reply;
  g_autofree char *why = vq_text_printable (text, reply->text_bytes, VQ_EXEC_TEXT_MAX);

  if (reply->kind == VQ_EXEC_EXITED)
    end (command, VQ_ENDED_EXITED, reply->value, NULL);
  else if (reply->kind == VQ_EXEC_SIGNALLED)
    end (command, VQ_ENDED_SIGNALLED, reply->value, NULL);
  else
    end_failed (command, why);
}

/* FALSE: there is more to come. */
static gboolean
look_at_reply (VqCommand *command)
{
  VqExecReply reply;

  if (command->have < sizeof reply)
    return FALSE;
  memcpy (&reply, command->reply, sizeof reply);
  if (reply.magic != VQ_EXEC_MAGIC || reply.text_bytes > VQ_EXEC_TEXT_MAX)
    end_failed (command, "the program that runs the commands is of another version");
  else if (command->have < sizeof reply + reply.text_bytes)
    return FALSE;
  else
    judge_reply (command, &reply);
  return TRUE;
}

static gboolean
on_readable (int fd, GIOCondition events, gpointer data)
{
  VqCommand *command = data;
  gssize n = recv (fd, command->reply + command->have, sizeof command->reply - command->have,
                   MSG_DONTWAIT);

  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return G_SOURCE_CONTINUE;
  command->have += MAX (n, 0);
  if (look_at_reply (command) || n > 0)
    return G_SOURCE_CONTINUE; /* removed already if it was complete */
  if (command->killed && command->channel->failure == NULL)
    end (command, VQ_ENDED_SIGNALLED, SIGKILL, NULL);
  else
    lose (command);
  return G_SOURCE_CONTINUE; /* removed already */
}

/* The words as they lie in the message, and what goes before them; NULL if they are too many. */
static GByteArray *
pack (const char *const *argv, VqExecRequest *request)
{
  g_autoptr (GByteArray) packed = g_byte_array_new ();
  guint n = 0;

  for (; argv[n] != NULL; n++)
    {
      gsize length = strlen (argv[n]) + 1;

      if (n >= VQ_EXEC_ARGC_MAX || length > VQ_EXEC_ARGV_BYTES_MAX - packed->len)
        return NULL;
      g_byte_array_append (packed, (const guint8 *)argv[n], length);
    }
  *request = (VqExecRequest){ VQ_EXEC_MAGIC, VQ_EXEC_VERSION, n, packed->len };
  return g_steal_pointer (&packed);
}

/* The first part of the message, with FDS; it is small enough for the empty buffer of a socket. */
static gboolean
send_head (int fd, const VqExecRequest *request, const int fds[VQ_EXEC_N_FDS])
{
  union
  {
    char bytes[CMSG_SPACE (VQ_EXEC_N_FDS * sizeof (int))];
    struct cmsghdr align;
  } control = { .bytes = { 0 } };
  struct iovec part = { (void *)request, sizeof *request };
  struct msghdr message = { .msg_iov = &part,
                            .msg_iovlen = 1,
                            .msg_control = control.bytes,
                            .msg_controllen = sizeof control.bytes };
  struct cmsghdr *rights = CMSG_FIRSTHDR (&message);

  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN (VQ_EXEC_N_FDS * sizeof (int));
  memcpy (CMSG_DATA (rights), fds, VQ_EXEC_N_FDS * sizeof (int));
  return sendmsg (fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) == sizeof *request;
}

/* Non-blocking, so that a server with too many clients already cannot make us wait. */
static int
connect_to (const char *path)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  int errnum;

  if (fd < 0)
    return -1;
  if (g_strlcpy (address.sun_path, path, sizeof address.sun_path) >= sizeof address.sun_path)
    errno = ENAMETOOLONG;
  else if (connect (fd, (struct sockaddr *)&address, sizeof address) == 0)
    return fd;
  errnum = errno;
  close (fd);
  errno = errnum;
  return -1;
}

/* Nothing is to be done: what can be read from the connection tells the rest. */
static void
on_send_failed (int errnum, gpointer data)
{
}

static gboolean
means_gone (int errnum)
{
  return errnum == ECONNREFUSED || errnum == ENOENT || errnum == EPIPE || errnum == ECONNRESET;
}

/* FALSE with errno. */
static gboolean
send_request (VqCommand *command, const VqExecRequest *request, const GByteArray *packed,
              const int fds[VQ_EXEC_N_FDS])
{
  struct iovec words = { packed->data, packed->len };

  command->fd = connect_to (command->channel->path);
  if (command->fd < 0 || !send_head (command->fd, request, fds))
    return FALSE;
  command->queue = vq_send_queue_new (command->fd, on_send_failed, command);
  vq_send_queue_add (command->queue, &words, 1);
  command->source_id
      = g_unix_fd_add (command->fd, G_IO_IN | G_IO_HUP | G_IO_ERR, on_readable, command);
  return TRUE;
}

static void
begin (VqCommand *command, const char *const *argv, const int fds[VQ_EXEC_N_FDS])
{
  VqExecRequest request;
  g_autoptr (GByteArray) packed = pack (argv, &request);
  g_autofree char *why = NULL;

  if (command->channel->failure != NULL)
    lose (command);
  else if (packed == NULL)
    end_failed (command, "the command has too many or too long arguments");
  else if (send_request (command, &request, packed, fds))
    return;
  else if (means_gone (errno))
    lose (command);
  else
    {
      why = g_strdup_printf ("cannot hand the command on: %s", g_strerror (errno));
      end_failed (command, why);
    }
}

static VqCommand *
start (VqChannel *parent, const char *const *argv, int in, int out, int err, VqCommandDone done,
       gpointer data)
{
  ExecChannel *channel = (ExecChannel *)parent;
  VqCommand *command = g_new0 (VqCommand, 1);
  const int fds[VQ_EXEC_N_FDS] = { in, out, err };

  command->channel = channel;
  command->link.data = command;
  command->fd = -1;
  command->done = done;
  command->data = data;
  g_queue_push_tail_link (&channel->commands, &command->link);
  begin (command, argv, fds);
  for (guint i = 0; i < VQ_EXEC_N_FDS; i++)
    close (fds[i]);
  return command;
}

static void
kill_command (VqChannel *parent, VqCommand *command)
{
  if (command->killed || command->state != CONNECTED)
    return;
  command->killed = TRUE;
  if (vq_send_queue_is_full (command->queue)) /* it cannot have been started */
    end (command, VQ_ENDED_SIGNALLED, SIGKILL, NULL);
  else
    shutdown (command->fd, SHUT_WR);
}

static void
drop (VqCommand *command)
{
  g_autoptr (GError) error = NULL;
  VqEnd last = { VQ_ENDED_FAILED, 0, NULL };

  vq_error_set (&error, VQ_ERROR_FAILED, "the testbed was closed while the command ran");
  last.error = error;
  finish (command, &last);
}

static void
free_channel (VqChannel *parent)
{
  ExecChannel *channel = (ExecChannel *)parent;

  while (!g_queue_is_empty (&channel->commands))
    drop (g_queue_peek_head (&channel->commands));
  g_clear_handle_id (&channel->reason_id, g_source_remove);
  g_clear_error (&channel->failure);
  g_free (channel->path);
  g_free (channel);
}

void
vq_exec_channel_fail (VqChannel *parent, const GError *reason)
{
  ExecChannel *channel = (ExecChannel *)parent;

  if (channel->failure != NULL)
    return;
  channel->failure = g_error_copy (reason);
  g_clear_handle_id (&channel->reason_id, g_source_remove);
  end_lost (channel);
}

VqChannel *
vq_exec_channel_new (const char *socket_path)
{
  static const VqChannelClass class = {
    .name = "exec",
    .start = start,
    .kill = kill_command,
    .free = free_channel,
  };
  ExecChannel *channel = g_new0 (ExecChannel, 1);

  channel->parent.class = &class;
  channel->path = g_strdup (socket_path);
  g_queue_init (&channel->commands);
  return &channel->parent;
}
