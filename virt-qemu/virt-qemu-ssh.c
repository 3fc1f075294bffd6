// SPDX-License-Identifier: GPL-2.0-or-later
/* virt-qemu-ssh: runs one command in a guest over ssh. The server starts it for each such command,
 * and it is killed when the server ends. ssh-client.h describes its arguments and says why it is a
 * program of its own. */
#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/inherited.h"
#include "ssh/cloud-seed.h"
#include "ssh/host-key.h"
#include "ssh/ssh-client.h"
#include "ssh/ssh-connect.h"
#include "ssh/ssh-run.h"

/* Writes a line for the server. */
static gboolean
say (const char *word, const char *rest, GError **error)
{
  if (printf ("%s%s\n", word, rest) < 0 || fflush (stdout) != 0)
    return vq_error_set_errno (error, errno, "cannot talk to the server");
  return TRUE;
}

/* Sets LOGIN, and *BEGIN (transfer full) to what follows it. */
static gboolean
read_file (int fd, VqSshLogin *login, GBytes **begin, GError **error)
{
  g_autoptr (GMappedFile) file = g_mapped_file_new_from_fd (fd, FALSE, error);
  g_autoptr (GBytes) bytes = file != NULL ? g_mapped_file_get_bytes (file) : NULL;
  gsize n;
  const char *text = bytes != NULL ? g_bytes_get_data (bytes, &n) : NULL;
  const char *end = text != NULL ? memmem (text, n, "\0", 2) : NULL;

  if (bytes == NULL)
    return FALSE;
  if (end == NULL)
    return vq_error_set (error, VQ_ERROR_USAGE, "ssh: there is no command");
  *begin = g_bytes_new_from_bytes (bytes, end + 2 - text, n - (end + 2 - text));
  return vq_ssh_login_unpack (login, text, end + 1 - text, error);
}

static gboolean
run (int file, const int fds[3], gint64 deadline, GError **error)
{
  g_auto (VqSshLogin) login = { .port = 0 };
  g_autoptr (GBytes) begin = NULL;
  g_auto (ssh_session) ssh = NULL;
  g_autofree char *number = NULL;
  VqEnd end;

  if (!read_file (file, &login, &begin, error))
    return FALSE;
  ssh = vq_ssh_connect (&login, deadline, error);
  if (ssh == NULL || !say (VQ_SSH_CLIENT_KEY, login.host_key, error)
      || !vq_ssh_run (ssh, &login, begin, fds[0], fds[1], fds[2], &end, error))
    return FALSE;
  number = g_strdup_printf ("%d", end.value);
  return say (end.kind == VQ_ENDED_EXITED ? VQ_SSH_CLIENT_EXITED : VQ_SSH_CLIENT_SIGNALLED, number,
              error);
}

static gboolean
make_seed (const char *directory, int file, gboolean with_keys, GError **error)
{
  g_autoptr (GMappedFile) map = g_mapped_file_new_from_fd (file, FALSE, error);
  g_autoptr (GBytes) packed = map != NULL ? g_mapped_file_get_bytes (map) : NULL;
  g_autoptr (VqSeed) seed = packed != NULL ? vq_seed_unpack (packed, error) : NULL;

  return seed != NULL && vq_cloud_seed_make (directory, seed, with_keys, error);
}

static gboolean
work (const char *const *args, GError **error)
{
  guint n = g_strv_length ((char **)args);

  if (n == 4 && g_str_equal (args[0], VQ_SSH_CLIENT_MAKE_SEED))
    return make_seed (args[1], atoi (args[2]), g_str_equal (args[3], VQ_SSH_CLIENT_KEYS), error);
  if ((n == 2 || n == 3) && g_str_equal (args[0], VQ_SSH_CLIENT_MAKE_HOST_KEY))
    return vq_host_key_make (args[1], args[2], error);
  if (n == 6 && g_str_equal (args[0], VQ_SSH_CLIENT_RUN))
    {
      const int fds[] = { atoi (args[2]), atoi (args[3]), atoi (args[4]) };

      return run (atoi (args[1]), fds, g_ascii_strtoll (args[5], NULL, 10), error);
    }
  return vq_error_set (error, VQ_ERROR_USAGE, "wrong arguments: this program is the server's");
}

/* The server puts the last lines into its error message. */
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
  g_log_set_default_handler (print_line, NULL);
  if (vq_inherited_settle (&error)
      && work (argc > 1 ? (const char *const *)argv + 1 : none, &error))
    return 0;
  fprintf (stderr, "%s\n", error->message);
  return error->domain == VQ_ERROR ? 1 + error->code : 1 + VQ_ERROR_FAILED;
}
