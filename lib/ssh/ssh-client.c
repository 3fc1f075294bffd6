// SPDX-License-Identifier: GPL-2.0-or-later
/* The program is told how to get in, and says when it is, over a socketpair: a command line, or the
 * environment, could be read by others. */
#include "ssh/ssh-client.h"

#include <errno.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/child.h"
#include "ssh/cloud-seed.h"
#include "base/error.h"
#include "channel/exec-channel.h"
#include "base/programs.h"

#define PROGRAM "virt-qemu-ssh"
#define SOCKET_NAME "ssh"

/* A host key is less than a KiB of text. */
#define READY_MAX 8192

/* The program keeps to the deadline itself, and then says why it did not get in. */
#define LAST_WORDS 5.0 /* seconds */

struct _VqSshClient
{
  char *socket_path;
  VqChild *child;     /* owned */
  VqChannel *channel; /* owned */
  int fd;             /* owned: our end of the socketpair; -1 when there is no more to read */
  guint source_id;
  GString *said; /* over it */
};

static void
stop_listening (VqSshClient *client)
{
  g_clear_handle_id (&client->source_id, g_source_remove);
  if (client->fd >= 0)
    close (client->fd);
  client->fd = -1;
}

void
vq_ssh_client_free (VqSshClient *client)
{
  if (client == NULL)
    return;
  stop_listening (client);
  vq_channel_free (client->channel);
  vq_child_free (client->child);
  if (client->socket_path != NULL)
    unlink (client->socket_path);
  g_free (client->socket_path);
  g_string_free (client->said, TRUE);
  g_free (client);
}

VqChannel *
vq_ssh_client_get_channel (VqSshClient *client)
{
  return client->channel;
}

GPid
vq_ssh_client_get_pid (VqSshClient *client)
{
  return vq_child_get_pid (client->child);
}

/* What CHILD, which has ended, says about it; always FALSE. */
static gboolean
set_error_of_child (VqChild *child, GError **error)
{
  g_autofree char *text = vq_child_get_stderr (child);
  g_autoptr (GError) reason = NULL;
  int status = vq_child_get_status (child);
  int code = WIFEXITED (status) ? WEXITSTATUS (status) - 1 : -1;

  if (text[0] != '\0' && code >= 0 && code <= VQ_ERROR_USAGE)
    return vq_error_set (error, code, "%s", text);
  if (g_spawn_check_wait_status (status, &reason))
    return vq_error_set (error, VQ_ERROR_FAILED, PROGRAM ": it ended by itself");
  return vq_error_set (error, VQ_ERROR_FAILED, PROGRAM ": %s%s%s", reason->message,
                       text[0] != '\0' ? ": " : "", text);
}

static void
on_ended (VqChild *child, gpointer data)
{
  VqSshClient *client = data;
  g_autoptr (GError) reason = NULL;

  set_error_of_child (child, &reason);
  vq_exec_channel_fail (client->channel, reason);
}

/* Both ends. */
static gboolean
make_pair (int ends[2], GError **error)
{
  return socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0
         || vq_error_set_errno (error, errno, "cannot make a socket");
}

/* All at once, as VQ_SSH_LOGIN_MAX is less than a socket holds. */
static gboolean
send_login (int fd, const VqSshLogin *login, GError **error)
{
  g_autoptr (GBytes) packed = vq_ssh_login_pack (login, error);
  gsize n;
  const void *bytes = packed != NULL ? g_bytes_get_data (packed, &n) : NULL;

  if (packed == NULL)
    return FALSE;
  if (send (fd, bytes, n, MSG_DONTWAIT | MSG_NOSIGNAL) == (gssize)n && shutdown (fd, SHUT_WR) == 0)
    return TRUE;
  return vq_error_set_errno (error, errno, "cannot talk to " PROGRAM);
}

static gboolean
on_said (int fd, GIOCondition events, gpointer data)
{
  VqSshClient *client = data;
  char buffer[1024];
  gssize n = recv (fd, buffer, sizeof buffer, MSG_DONTWAIT);

  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return G_SOURCE_CONTINUE;
  g_string_append_len (client->said, buffer, MAX (n, 0));
  if (n <= 0 || client->said->len > READY_MAX || strchr (client->said->str, '\n') != NULL)
    stop_listening (client);
  return G_SOURCE_CONTINUE; /* removed already when there is no more to read */
}

static VqChild *
spawn (const char *socket_path, int fd, gint64 deadline, GError **error)
{
  g_autofree char *program = vq_programs_find (PROGRAM, error);
  g_autofree char *fd_text = g_strdup_printf ("%d", fd);
  g_autofree char *deadline_text = g_strdup_printf ("%" G_GINT64_FORMAT, deadline);
  const char *const argv[]
      = { program, VQ_SSH_CLIENT_SERVE, fd_text, socket_path, deadline_text, NULL };
  const VqChildOptions options = { .stdout_fd = -1, .keep_fds = &fd, .n_keep_fds = 1 };

  return program != NULL ? vq_child_spawn (argv, &options, error) : NULL;
}

static gboolean
start (VqSshClient *client, const VqSshLogin *login, gint64 deadline, GError **error)
{
  int ends[2];

  if (!make_pair (ends, error))
    return FALSE;
  client->fd = ends[0];
  if (send_login (client->fd, login, error))
    client->child = spawn (client->socket_path, ends[1], deadline, error);
  close (ends[1]);
  if (client->child == NULL)
    return FALSE;
  client->source_id = g_unix_fd_add (client->fd, G_IO_IN | G_IO_HUP, on_said, client);
  return TRUE;
}

static gboolean
is_ready (VqSshClient *client)
{
  return g_str_has_prefix (client->said->str, VQ_SSH_CLIENT_READY)
         && strchr (client->said->str, '\n') != NULL;
}

gboolean
vq_ssh_client_is_settled (gpointer data)
{
  VqSshClient *client = data;

  return is_ready (client) || vq_child_has_ended (client->child);
}

static void
take_host_key (VqSshClient *client, VqSshLogin *login)
{
  const char *key = client->said->str + strlen (VQ_SSH_CLIENT_READY);

  if (login->host_key == NULL)
    login->host_key = g_strndup (key, strcspn (key, "\n"));
}

static gboolean
wait_until_in (VqSshClient *client, gint64 deadline, VqCancel *cancel, GError **error)
{
  gint64 last = deadline + (gint64)(LAST_WORDS * G_USEC_PER_SEC);

  return vq_wait_until (vq_ssh_client_is_settled, client, last, cancel, "word from " PROGRAM, error)
         && (is_ready (client) || set_error_of_child (client->child, error));
}

VqSshClient *
vq_ssh_client_start (const VqSshLogin *login, const char *directory, gint64 deadline,
                     GError **error)
{
  g_autoptr (VqSshClient) client = g_new0 (VqSshClient, 1);

  client->fd = -1;
  client->said = g_string_new (NULL);
  client->socket_path = g_build_filename (directory, SOCKET_NAME, NULL);
  unlink (client->socket_path);
  return start (client, login, deadline, error) ? g_steal_pointer (&client) : NULL;
}

gboolean
vq_ssh_client_wait (VqSshClient *client, VqSshLogin *login, gint64 deadline, VqCancel *cancel,
                    GError **error)
{
  if (!wait_until_in (client, deadline, cancel, error))
    return FALSE;
  take_host_key (client, login);
  client->channel = vq_exec_channel_new (client->socket_path);
  vq_child_on_ended (client->child, on_ended, client);
  if (vq_child_has_ended (client->child))
    on_ended (client->child, client);
  return TRUE;
}

VqSshClient *
vq_ssh_client_open (VqSshLogin *login, const char *directory, gint64 deadline, VqCancel *cancel,
                    GError **error)
{
  g_autoptr (VqSshClient) client = vq_ssh_client_start (login, directory, deadline, error);

  if (client == NULL || !vq_ssh_client_wait (client, login, deadline, cancel, error))
    return NULL;
  return g_steal_pointer (&client);
}

char *
vq_ssh_client_make_seed (const char *directory, VqSshLogin *login, gint64 deadline,
                         VqCancel *cancel, GError **error)
{
  g_autofree char *program = vq_programs_find (PROGRAM, error);
  const char *const argv[] = { program, VQ_SSH_CLIENT_MAKE_SEED, directory, NULL };
  g_autofree char *key_path = g_build_filename (directory, VQ_CLOUD_SEED_KEY, NULL);
  g_autofree char *host_key = NULL;
  g_autofree char *key = NULL;

  if (program == NULL || !vq_child_run (argv, NULL, &host_key, deadline, cancel, error)
      || !g_file_get_contents (key_path, &key, NULL, error))
    return NULL;
  vq_ssh_login_clear (login);
  login->user = g_strdup ("root");
  login->key = g_steal_pointer (&key);
  login->host_key = g_strdup (g_strchomp (host_key));
  return g_build_filename (directory, VQ_CLOUD_SEED_IMAGE, NULL);
}
