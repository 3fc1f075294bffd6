// SPDX-License-Identifier: GPL-2.0-or-later
#include "instance/control-server.h"

#include <errno.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "instance/control-wire.h"
#include "io/unix-socket.h"

/* Further clients wait until one leaves. */
#define MAX_CLIENTS 64

#define ACCEPT_RETRY_MS 100

struct _VqControlServer
{
  int fd;
  char *path;
  guint accept_id; /* 0: there are enough clients, or too few descriptors */
  guint retry_id;
  GQueue clients; /* of Client */
  VqControlArrived arrived;
  gpointer data;
};

/* One whose request has not arrived. */
typedef struct
{
  VqControlServer *server;
  int fd;
  guint source_id;
  GString *line; /* what has come */
} Client;

static void resume_accepting (VqControlServer *server);

static void
drop (Client *client)
{
  g_queue_remove (&client->server->clients, client);
  resume_accepting (client->server);
  g_clear_handle_id (&client->source_id, g_source_remove);
  vq_fd_clear (&client->fd);
  g_string_free (client->line, TRUE);
  g_free (client);
}

static void
complete (Client *client)
{
  VqControlServer *server = client->server;
  VqControlRequest *request = vq_control_request_new (g_steal_fd (&client->fd), client->line->str);

  drop (client);
  server->arrived (request, server->data);
}

static gboolean
on_readable (int fd, GIOCondition events, gpointer data)
{
  Client *client = data;
  char bytes[4096];
  gssize n = recv (fd, bytes, sizeof bytes, MSG_DONTWAIT);
  char *end;

  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return G_SOURCE_CONTINUE;
  end = n > 0 ? memchr (bytes, '\n', n) : NULL;
  if (n > 0)
    g_string_append_len (client->line, bytes, end != NULL ? end - bytes : n);
  if (n > 0 && end == NULL && client->line->len <= VQ_CONTROL_LINE_MAX)
    return G_SOURCE_CONTINUE;
  client->source_id = 0;
  if (end != NULL)
    complete (client);
  else
    drop (client);
  return G_SOURCE_REMOVE;
}

static void
take_client (VqControlServer *server, int fd)
{
  Client *client = g_new0 (Client, 1);

  client->server = server;
  client->fd = fd;
  client->line = g_string_new (NULL);
  g_queue_push_tail (&server->clients, client);
  client->source_id = g_unix_fd_add (fd, G_IO_IN | G_IO_HUP | G_IO_ERR, on_readable, client);
  if (!vq_unix_socket_peer_is_allowed (fd))
    drop (client);
}

static gboolean
retry_accepting (gpointer data)
{
  VqControlServer *server = data;

  server->retry_id = 0;
  resume_accepting (server);
  return G_SOURCE_REMOVE;
}

/* Nothing tells us when there are descriptors again, so without one we try later. */
static gboolean
on_connection (int listen_fd, GIOCondition events, gpointer data)
{
  VqControlServer *server = data;
  int fd = accept4 (listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

  if (fd >= 0)
    take_client (server, fd);
  else if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED)
    return G_SOURCE_CONTINUE;
  if (fd >= 0 && server->clients.length < MAX_CLIENTS)
    return G_SOURCE_CONTINUE;
  server->accept_id = 0;
  if (fd < 0 && server->retry_id == 0)
    server->retry_id = g_timeout_add (ACCEPT_RETRY_MS, retry_accepting, server);
  return G_SOURCE_REMOVE;
}

static void
resume_accepting (VqControlServer *server)
{
  if (server->accept_id == 0 && server->clients.length < MAX_CLIENTS)
    server->accept_id = g_unix_fd_add (server->fd, G_IO_IN, on_connection, server);
}

VqControlServer *
vq_control_server_new (const char *path, VqControlArrived arrived, gpointer data, GError **error)
{
  VqControlServer *server;
  int fd = vq_unix_socket_listen (path, error);

  if (fd < 0)
    return NULL;
  server = g_new0 (VqControlServer, 1);
  server->fd = fd;
  server->path = g_strdup (path);
  server->arrived = arrived;
  server->data = data;
  g_queue_init (&server->clients);
  resume_accepting (server);
  return server;
}

void
vq_control_server_free (VqControlServer *server)
{
  if (server == NULL)
    return;
  while (!g_queue_is_empty (&server->clients))
    drop (g_queue_peek_head (&server->clients));
  g_clear_handle_id (&server->accept_id, g_source_remove);
  g_clear_handle_id (&server->retry_id, g_source_remove);
  vq_fd_clear (&server->fd);
  unlink (server->path);
  g_free (server->path);
  g_free (server);
}
