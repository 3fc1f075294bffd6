// SPDX-License-Identifier: GPL-2.0-or-later
#include "channel/exec-server.h"

#include <string.h>
#include <sys/resource.h>

#include "base/error.h"
#include "channel/exec-session.h"
#include "io/listener.h"
#include "io/unix-socket.h"

/* A client needs its socket and three descriptors, and the channel needs as many again. The reserve
 * is for the rest of the program. */
#define FDS_PER_CLIENT 8
#define FDS_RESERVED 64
#define FDS_WANTED 65536

struct _VqExecServer
{
  VqListener *listener;
  VqChannel *channel; /* not owned */
  char *failure;      /* why there is no channel; NULL: the machine is not open */
  GQueue clients;     /* of VqExecSession */
  guint64 n_commands;
  VqExecServerMatch match; /* NULL: no command is watched */
  VqExecServerEnded ended;
  gpointer ended_data;
};

static VqChannel *
get_channel (gpointer data, const char **why)
{
  VqExecServer *server = data;

  *why = server->failure != NULL ? server->failure : "the machine is not open";
  server->n_commands += server->channel != NULL;
  return server->channel;
}

gboolean
vq_exec_server_is_busy (VqExecServer *server)
{
  return !g_queue_is_empty (&server->clients);
}

static gboolean
on_begins (const char *const *argv, gpointer data)
{
  VqExecServer *server = data;

  return server->match != NULL && server->match (argv);
}

static void
on_ended (int status, gpointer data)
{
  VqExecServer *server = data;

  server->ended (status, server->ended_data);
}

static void
on_over (VqExecSession *session, gpointer data)
{
  VqExecServer *server = data;

  g_queue_remove (&server->clients, session);
  vq_listener_client_gone (server->listener);
}

static void
on_came (int fd, gpointer data)
{
  VqExecServer *server = data;
  static const VqExecSessionOwner owner = { get_channel, on_begins, on_ended, on_over };
  VqExecSession *client = vq_exec_session_new (fd, &owner, server);

  g_queue_push_tail (&server->clients, client);
  /* Commands read and write with our rights. */
  if (!vq_unix_socket_peer_is_allowed (fd))
    vq_exec_session_fail (client, "the server belongs to another user");
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
  VqExecServer *server = g_new0 (VqExecServer, 1);

  g_queue_init (&server->clients);
  server->listener = vq_listener_new (socket_path, raise_fd_limit (), on_came, server, error);
  if (server->listener == NULL)
    g_clear_pointer (&server, g_free);
  return server;
}

guint64
vq_exec_server_get_n_commands (VqExecServer *server)
{
  return server->n_commands;
}

void
vq_exec_server_watch (VqExecServer *server, VqExecServerMatch match, VqExecServerEnded ended,
                      gpointer data)
{
  server->match = match;
  server->ended = ended;
  server->ended_data = data;
}

static VqExecSession *
first_running (VqExecServer *server)
{
  for (GList *l = server->clients.head; l != NULL; l = l->next)
    if (vq_exec_session_is_running (l->data))
      return l->data;
  return NULL;
}

static void
kill_running (VqExecServer *server, const char *why)
{
  VqExecSession *client;

  while ((client = first_running (server)) != NULL)
    vq_exec_session_fail (client, why);
}

/* Clients that are still sending their requests may go on. */
void
vq_exec_server_set_channel (VqExecServer *server, VqChannel *channel)
{
  if (channel == server->channel)
    return;
  kill_running (server, "the machine was closed while the command ran");
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
  vq_exec_server_set_channel (server, NULL);
  while (!g_queue_is_empty (&server->clients))
    vq_exec_session_fail (g_queue_peek_head (&server->clients), "the machine's server has ended");
  vq_listener_free (server->listener);
  g_free (server->failure);
  g_free (server);
}
