// SPDX-License-Identifier: GPL-2.0-or-later
/* virt-qemu-ssh: what the server runs to get into a guest over ssh; ssh-client.h has its arguments
 * and says why it is a program of its own. It is started so that it cannot outlive the server. */
#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "ssh/cloud-seed.h"
#include "base/error.h"
#include "channel/exec-server.h"
#include "ssh/ssh-channel.h"
#include "ssh/ssh-client.h"
#include "ssh/ssh-connect.h"

#define FOREVER 1e9 /* seconds */

/* Reads FD, a blocking socket, to its end. */
static gboolean
read_login (int fd, VqSshLogin *login, GError **error)
{
  g_autofree char *bytes = g_malloc (VQ_SSH_LOGIN_MAX);
  gsize have = 0;
  gssize n;

  while ((n = read (fd, bytes + have, VQ_SSH_LOGIN_MAX - have)) != 0)
    {
      if (n < 0 && errno != EINTR)
        return vq_error_set_errno (error, errno, "cannot read how to log in");
      have += MAX (n, 0);
    }
  return vq_ssh_login_unpack (login, bytes, have, error);
}

/* LOGIN has the host key once we are in. */
static gboolean
say_ready (int fd, const VqSshLogin *login, GError **error)
{
  if (dprintf (fd, VQ_SSH_CLIENT_READY "%s\n", login->host_key) < 0)
    return vq_error_set_errno (error, errno, "cannot talk to the server");
  close (fd);
  return TRUE;
}

static VqChannel *
get_in (VqSshLogin *login, gint64 deadline, GError **error)
{
  VqSshSession *session = vq_ssh_connect (login, deadline, NULL, error);

  return session != NULL ? vq_ssh_channel_new (session, login, deadline, NULL, error) : NULL;
}

static gboolean
never (gpointer data)
{
  return FALSE;
}

static gboolean
serve (int fd, const char *socket_path, gint64 deadline, GError **error)
{
  g_auto (VqSshLogin) login = { .port = 0 };
  g_autoptr (VqChannel) channel = NULL;
  g_autoptr (VqExecServer) server = NULL;

  if (!read_login (fd, &login, error))
    return FALSE;
  channel = get_in (&login, deadline, error);
  server = channel != NULL ? vq_exec_server_new (socket_path, error) : NULL;
  if (server == NULL || !say_ready (fd, &login, error))
    return FALSE;
  vq_exec_server_set_channel (server, channel);
  return vq_wait_until (never, NULL, vq_deadline_in (FOREVER), NULL, "end", error);
}

static gboolean
make_seed (const char *directory, GError **error)
{
  g_auto (VqSshLogin) login = { .port = 0 };

  if (!vq_cloud_seed_make (directory, &login, error))
    return FALSE;
  if (printf ("%s\n", login.host_key) < 0 || fflush (stdout) != 0)
    return vq_error_set_errno (error, errno, "cannot write the host key");
  return TRUE;
}

static gboolean
work (const char *const *args, GError **error)
{
  guint n = g_strv_length ((char **)args);

  if (n == 2 && g_str_equal (args[0], VQ_SSH_CLIENT_MAKE_SEED))
    return make_seed (args[1], error);
  if (n == 4 && g_str_equal (args[0], VQ_SSH_CLIENT_SERVE))
    return serve (atoi (args[1]), args[2], g_ascii_strtoll (args[3], NULL, 10), error);
  return vq_error_set (error, VQ_ERROR_USAGE, "wrong arguments: this program is the server's");
}

/* The server keeps the last lines for its errors. */
static void
print_line (const char *domain, GLogLevelFlags level, const char *message, gpointer data)
{
  if ((level & (G_LOG_LEVEL_DEBUG | G_LOG_LEVEL_INFO)) == 0)
    fprintf (stderr, "%s\n", message);
}

int
main (int argc, char **argv)
{
  static const char *const none[] = { NULL };
  g_autoptr (GError) error = NULL;

  setlocale (LC_ALL, "");
  signal (SIGPIPE, SIG_IGN);
  g_log_set_default_handler (print_line, NULL);
  if (work (argc > 1 ? (const char *const *)argv + 1 : none, &error))
    return 0;
  fprintf (stderr, "%s\n", error->message);
  return error->domain == VQ_ERROR ? 1 + error->code : 1 + VQ_ERROR_FAILED;
}
