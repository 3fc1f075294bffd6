// SPDX-License-Identifier: GPL-2.0-or-later
/* Unix sockets with a path, between processes of the same user. Nothing here waits. */
#pragma once

#include <glib.h>

/* Listens on PATH, which must not exist; it gets mode 0600. Returns a non-blocking descriptor of
 * the caller's, or -1. Fails if the path is too long for a socket. */
int vq_unix_socket_listen (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Connects to PATH. Returns a non-blocking descriptor of the caller's, or -1: VQ_ERROR_MISSING if
 * nobody listens there, VQ_ERROR_BUSY if too many others wait until they are accepted. */
int vq_unix_socket_connect (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Whether the process at the other end of FD is root's or our own user's, so that it may act with
 * our rights. */
gboolean vq_unix_socket_peer_is_allowed (int fd);
