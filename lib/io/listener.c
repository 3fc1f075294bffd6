// SPDX-License-Identifier: GPL-2.0-or-later
#include "io/listener.h"

#include <errno.h>
#include <glib-unix.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "io/unix-socket.h"

#define RETRY_MS 100

struct _VqListener
{
  int fd;
  char *path;
  guint accept_id; /* 0: there are enough clients, or too few descriptors */
  guint retry_id;
  guint n_clients;
  guint max_clients;
  VqListenerCame came;
  gpointer data;
};

static void start_accepting (VqListener *listener);

static gboolean
retry (gpointer data)
{
  VqListener *listener = data;

  listener->retry_id = 0;
  start_accepting (listener);
  return G_SOURCE_REMOVE;
}

/* Nothing tells us when there are descriptors again, so without one we try later. */
static gboolean
stop_accepting (VqListener *listener, gboolean for_a_while)
{
  listener->accept_id = 0;
  if (for_a_while && listener->retry_id == 0)
    listener->retry_id = g_timeout_add (RETRY_MS, retry, listener);
  return G_SOURCE_REMOVE;
}

/* A client may be gone before "came" returns. */
static gboolean
on_connection (int listen_fd, GIOCondition events, gpointer data)
{
  VqListener *listener = data;
  int fd = accept4 (listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

  if (fd < 0 && (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED))
    return G_SOURCE_CONTINUE;
  if (fd < 0)
    return stop_accepting (listener, TRUE);
  listener->n_clients++;
  listener->came (fd, listener->data);
  return listener->n_clients < listener->max_clients ? G_SOURCE_CONTINUE
                                                     : stop_accepting (listener, FALSE);
}

static void
start_accepting (VqListener *listener)
{
  if (listener->accept_id == 0 && listener->n_clients < listener->max_clients)
    listener->accept_id = g_unix_fd_add (listener->fd, G_IO_IN, on_connection, listener);
}

VqListener *
vq_listener_new (const char *path, guint max_clients, VqListenerCame came, gpointer data,
                 GError **error)
{
  VqListener *listener;
  int fd = vq_unix_socket_listen (path, error);

  if (fd < 0)
    return NULL;
  listener = g_new0 (VqListener, 1);
  listener->fd = fd;
  listener->path = g_strdup (path);
  listener->max_clients = max_clients;
  listener->came = came;
  listener->data = data;
  start_accepting (listener);
  return listener;
}

void
vq_listener_client_gone (VqListener *listener)
{
  g_assert (listener->n_clients > 0);
  listener->n_clients--;
  start_accepting (listener);
}

void
vq_listener_free (VqListener *listener)
{
  if (listener == NULL)
    return;
  g_clear_handle_id (&listener->accept_id, g_source_remove);
  g_clear_handle_id (&listener->retry_id, g_source_remove);
  vq_fd_clear (&listener->fd);
  unlink (listener->path);
  g_free (listener->path);
  g_free (listener);
}
