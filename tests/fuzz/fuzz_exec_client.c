// SPDX-License-Identifier: GPL-2.0-or-later
/* A server of commands that answers what it wants. */
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "channel/exec-client.h"
#include "fuzz.h"
#include "io/unix-socket.h"

static void
on_done (const VqEnd *end, gpointer data)
{
  gboolean *done = data;

  g_assert (!*done && (end->error != NULL) == (end->kind == VQ_ENDED_FAILED));
  *done = TRUE;
}

static int
open_null (void)
{
  return open ("/dev/null", O_RDWR | O_CLOEXEC);
}

static void
answer (int listener, const guint8 *bytes, gsize n)
{
  vq_autofd int fd = accept4 (listener, NULL, NULL, SOCK_CLOEXEC);

  g_assert (fd >= 0 && send (fd, bytes, n, 0) == (gssize)n);
}

FUZZ (exec_client)
{
  static int listener = -1;
  const char *const argv[] = { "true", NULL };
  g_autofree char *path = g_build_filename (fuzz_directory (), "socket", NULL);
  VqChannel *channel = vq_exec_client_new (path);
  gboolean done = FALSE;

  if (listener < 0)
    listener = vq_unix_socket_listen (path, NULL);
  vq_channel_start (channel, argv, open_null (), open_null (), open_null (), on_done, &done);
  answer (listener, bytes, MIN (n, 65536));
  while (!done)
    g_main_context_iteration (NULL, TRUE);
  vq_channel_free (channel);
}
