// SPDX-License-Identifier: GPL-2.0-or-later
/* A directory of images, and a real HTTP server with faults for it (image-server.py). */
#pragma once

#include <glib.h>

typedef struct
{
  GPid pid;
  int port;
} ImageServer;

/* Starts a server for DIRECTORY; with CERTIFICATE (may be NULL) it speaks TLS. */
void image_server_start (ImageServer *server, const char *directory, const char *certificate);
void image_server_stop (ImageServer *server);

/* How many requests to DIRECTORY's servers begin with TEXT: "PATH RANGE STATUS", with "-" for no
 * range. */
guint image_server_count (const char *directory, const char *text);
