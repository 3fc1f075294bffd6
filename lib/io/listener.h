// SPDX-License-Identifier: GPL-2.0-or-later
/* A Unix socket that accepts clients in the main context, up to a number of them at a time. Nothing
 * here waits. */
#pragma once

#include <glib.h>

typedef struct _VqListener VqListener;

/* A client has come. FD, which does not block, is the callee's. */
typedef void (*VqListenerCame) (int fd, gpointer data);

/* Listens on PATH, which must not exist. While there are MAX_CLIENTS, the next one waits in the
 * kernel's queue. When there is no descriptor for a client, it is tried again soon. Fails as
 * vq_unix_socket_listen does. */
VqListener *vq_listener_new (const char *path, guint max_clients, VqListenerCame came,
                             gpointer data, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* One of the clients has gone, so another one may come. */
void vq_listener_client_gone (VqListener *listener);

/* Removes the socket, too. The clients stay; NULL is allowed. */
void vq_listener_free (VqListener *listener);
