// SPDX-License-Identifier: GPL-2.0-or-later
/* The states of a client: READING while its request comes in, which is never read beyond its end;
 * then RUNNING while its command runs on the channel, and the socket only tells us of a hang-up;
 * then it is answered and its socket is closed. If a client has left or has been answered while its
 * command still runs, it is detached: the record stays, without server and socket, until the
 * channel reports that the command is done. */
#include "channel/exec-server.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "channel/exec-request.h"
#include "base/text.h"
#include "io/unix-socket.h"

/* A client needs its socket and three descriptors, and the channel needs as many again. The reserve
 * is for the rest of the program. */
#define FDS_PER_CLIENT 8
#define FDS_RESERVED 64
#define FDS_WANTED 65536

#define ACCEPT_RETRY_MS 100

struct _VqExecServer
{
  int fd;
  char *path;
  guint accept_id; /* 0: no clients are accepted */
  guint retry_id;
  VqChannel *channel; /* not owned */
  char *failure;      /* why there is no channel; NULL: the testbed is not open */
  GQueue clients;     /* of Client; those that are not detached */
  guint max_clients;
};

typedef struct
{
  VqExecServer *server; /* NULL: detached */
  int fd;               /* -1: detached */
  guint source_id;
  VqExecRequestIn *request; /* NULL: the command runs */
  VqCommand *command;       /* NULL: the request is not complete */
} Client;

static void resume_accepting (VqExecServer *server);

static void
client_free (Client *client)
{
  vq_exec_request_in_free (client->request);
  g_free (client);
}

/* Removes the client from its server. The rest of it is only needed by the channel. */
static void
client_detach (Client *client)
{
  VqExecServer *server = g_steal_pointer (&client->server);

  g_queue_remove (&server->clients, client);
  g_source_remove (client->source_id);
  vq_fd_clear (&client->fd);
  resume_accepting (server);
}

/* A reply always fits into the empty buffer of the socket, so this does not wait. It is not an
 * error if the client has left. */
static void
client_reply (Client *client, VqExecKind kind, int value, const char *text)
{
  char message[sizeof (VqExecReply) + VQ_EXEC_TEXT_MAX];
  gsize text_bytes = text == NULL ? 0 : strlen (text);
  VqExecReply reply = { VQ_EXEC_MAGIC, kind, value, text_bytes };

  g_assert (text_bytes <= VQ_EXEC_TEXT_MAX);
  memcpy (message, &reply, sizeof reply);
  if (text_bytes > 0)
    memcpy (message + sizeof reply, text, text_bytes);
  if (send (client->fd, message, sizeof reply + text_bytes, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
    g_debug ("cannot answer an exec client: %s", g_strerror (errno));
}

static void
client_reply_failure (Client *client, const char *why)
{
  /* 3 bytes are reserved for the "..." of a text that is cut. */
  g_autofree char *text = vq_text_printable (why, strlen (why), VQ_EXEC_TEXT_MAX - 3);

  client_reply (client, VQ_EXEC_FAILED, 0, text);
}

/* Answers a client whose command was not started, and frees it. */
static void
client_refuse (Client *client, const char *why)
{
  client_reply_failure (client, why);
  client_detach (client);
  client_free (client);
}

static void
command_done (const VqEnd *end, gpointer data)
{
  Client *client = data;

  if (client->server != NULL)
    {
      if (end->kind == VQ_ENDED_FAILED)
        client_reply_failure (client, end->error->message);
      else
        client_reply (client, end->kind == VQ_ENDED_EXITED ? VQ_EXEC_EXITED : VQ_EXEC_SIGNALLED,
                      end->value, NULL);
      client_detach (client);
    }
  client_free (client);
}

/* WHY is NULL for a client that has left. The client may have been freed when this returns. */
static void
client_kill (Client *client, const char *why)
{
  VqChannel *channel = client->server->channel;

  if (why != NULL)
    client_reply_failure (client, why);
  client_detach (client);
  vq_channel_kill (channel, client->command);
}

static gboolean
client_left (int fd, GIOCondition events, gpointer data)
{
  client_kill (data, NULL);
  return G_SOURCE_CONTINUE; /* the source has already been removed */
}

static void
client_start (Client *client)
{
  VqChannel *channel = client->server->channel;
  int stdio[VQ_EXEC_N_FDS];

  if (channel == NULL)
    {
      client_refuse (client, client->server->failure != NULL ? client->server->failure
                                                             : "the testbed is not open");
      return;
    }
  vq_exec_request_in_steal_stdio (client->request, stdio);
  client->command = vq_channel_start (channel, vq_exec_request_in_get_argv (client->request),
                                      stdio[0], stdio[1], stdio[2], command_done, client);
  g_clear_pointer (&client->request, vq_exec_request_in_free);
  g_source_remove (client->source_id);
  client->source_id
      = g_unix_fd_add (client->fd, G_IO_IN | G_IO_HUP | G_IO_ERR, client_left, client);
}

static gboolean
client_readable (int fd, GIOCondition events, gpointer data)
{
  Client *client = data;
  const char *wrong;

  switch (vq_exec_request_in_receive (client->request, fd, &wrong))
    {
    case VQ_EXEC_REQUEST_PARTIAL:
      break;
    case VQ_EXEC_REQUEST_COMPLETE:
      client_start (client);
      break;
    case VQ_EXEC_REQUEST_WRONG:
      client_refuse (client, wrong);
      break;
    }
  return G_SOURCE_CONTINUE; /* if the source is not needed any more, it has already been removed */
}

static void
client_new (VqExecServer *server, int fd)
{
  Client *client = g_new0 (Client, 1);

  client->server = server;
  client->fd = fd;
  client->request = vq_exec_request_in_new ();
  client->source_id = g_unix_fd_add (fd, G_IO_IN | G_IO_HUP | G_IO_ERR, client_readable, client);
  g_queue_push_tail (&server->clients, client);
  /* Commands read and write with our rights. */
  if (!vq_unix_socket_peer_is_allowed (fd))
    client_refuse (client, "the server belongs to another user");
}

static gboolean
retry_accepting (gpointer data)
{
  VqExecServer *server = data;

  server->retry_id = 0;
  resume_accepting (server);
  return G_SOURCE_REMOVE;
}

static gboolean
connection_waits (int listen_fd, GIOCondition events, gpointer data)
{
  VqExecServer *server = data;
  int fd = accept4 (listen_fd, NULL, NULL, SOCK_CLOEXEC);

  if (fd >= 0)
    client_new (server, fd);
  else if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED)
    return G_SOURCE_CONTINUE;
  if (fd >= 0 && server->clients.length < server->max_clients)
    return G_SOURCE_CONTINUE;

  /* If there are too many clients, the next one waits in the backlog until one leaves. If there are
   * few clients, but no more descriptors, nothing tells us when there are some again, so we try
   * later. */
  server->accept_id = 0;
  if (fd < 0 && server->retry_id == 0)
    server->retry_id = g_timeout_add (ACCEPT_RETRY_MS, retry_accepting, server);
  return G_SOURCE_REMOVE;
}

static void
resume_accepting (VqExecServer *server)
{
  if (server->accept_id == 0 && server->fd >= 0 && server->clients.length < server->max_clients)
    server->accept_id = g_unix_fd_add (server->fd, G_IO_IN, connection_waits, server);
}

/* Returns how many clients we can have at once. */
static guint
raise_fd_limit (void)
{
  struct rlimit limit;

  if (getrlimit (RLIMIT_NOFILE, &limit) != 0)
    return 1;
  if (limit.rlim_cur < MIN (limit.rlim_max, FDS_WANTED))
    {
      struct rlimit raised = { MIN (limit.rlim_max, FDS_WANTED), limit.rlim_max };

      if (setrlimit (RLIMIT_NOFILE, &raised) == 0)
        limit = raised;
    }
  if (limit.rlim_cur <= FDS_RESERVED + FDS_PER_CLIENT)
    return 1;
  return (MIN (limit.rlim_cur, FDS_WANTED) - FDS_RESERVED) / FDS_PER_CLIENT;
}

VqExecServer *
vq_exec_server_new (const char *socket_path, GError **error)
{
  VqExecServer *server;
  int fd = vq_unix_socket_listen (socket_path, error);

  if (fd < 0)
    return NULL;
  server = g_new0 (VqExecServer, 1);
  server->fd = fd;
  server->path = g_strdup (socket_path);
  g_queue_init (&server->clients);
  server->max_clients = raise_fd_limit ();
  resume_accepting (server);
  return server;
}

static Client *
first_running (VqExecServer *server)
{
  for (GList *l = server->clients.head; l != NULL; l = l->next)
    if (((Client *)l->data)->command != NULL)
      return l->data;
  return NULL;
}

static void
kill_running (VqExecServer *server, const char *why)
{
  Client *client;

  while ((client = first_running (server)) != NULL)
    client_kill (client, why);
}

/* Clients that are still sending their requests may go on. */
void
vq_exec_server_set_channel (VqExecServer *server, VqChannel *channel)
{
  if (channel == server->channel)
    return;
  kill_running (server, "the testbed was closed while the command ran");
  server->channel = channel;
  g_clear_pointer (&server->failure, g_free);
}

void
vq_exec_server_fail (VqExecServer *server, const GError *reason)
{
  kill_running (server, reason->message);
  server->channel = NULL;
  g_free (server->failure);
  server->failure = g_strdup (reason->message);
}

void
vq_exec_server_free (VqExecServer *server)
{
  if (server == NULL)
    return;
  if (server->accept_id != 0)
    g_source_remove (server->accept_id);
  if (server->retry_id != 0)
    g_source_remove (server->retry_id);
  vq_fd_clear (&server->fd);
  server->accept_id = 0;
  unlink (server->path);
  vq_exec_server_set_channel (server, NULL);
  while (!g_queue_is_empty (&server->clients))
    client_refuse (g_queue_peek_head (&server->clients), "the testbed's server has ended");
  g_free (server->failure);
  g_free (server->path);
  g_free (server);
}
