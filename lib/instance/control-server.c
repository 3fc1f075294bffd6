// SPDX-License-Identifier: GPL-2.0-or-later
#include "instance/control-server.h"

#include <errno.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "instance/control-wire.h"
#include "io/listener.h"
#include "io/unix-socket.h"

/* Further clients wait until one leaves. */
#define MAX_CLIENTS 64

struct _VqControlServer
{
  VqListener *listener;
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

static void
drop (Client *client)
{
  g_queue_remove (&client->server->clients, client);
  vq_listener_client_gone (client->server->listener);
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
on_came (int fd, gpointer data)
{
  VqControlServer *server = data;
  Client *client = g_new0 (Client, 1);

  client->server = server;
  client->fd = fd;
  client->line = g_string_new (NULL);
  g_queue_push_tail (&server->clients, client);
  client->source_id = g_unix_fd_add (fd, G_IO_IN | G_IO_HUP | G_IO_ERR, on_readable, client);
  if (!vq_unix_socket_peer_is_allowed (fd))
    drop (client);
}

VqControlServer *
vq_control_server_new (const char *path, VqControlArrived arrived, gpointer data, GError **error)
{
  VqControlServer *server = g_new0 (VqControlServer, 1);

  server->arrived = arrived;
  server->data = data;
  g_queue_init (&server->clients);
  server->listener = vq_listener_new (path, MAX_CLIENTS, on_came, server, error);
  if (server->listener == NULL)
    g_clear_pointer (&server, g_free);
  return server;
}

void
vq_control_server_free (VqControlServer *server)
{
  if (server == NULL)
    return;
  while (!g_queue_is_empty (&server->clients))
    drop (g_queue_peek_head (&server->clients));
  vq_listener_free (server->listener);
  g_free (server);
}
