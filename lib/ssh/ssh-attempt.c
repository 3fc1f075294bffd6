// SPDX-License-Identifier: GPL-2.0-or-later
#include "ssh/ssh-attempt.h"

#include <errno.h>
#include <glib-unix.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "ssh/ssh-key.h"
#include "base/text.h"

#define TEXT_MAX 300

/* libssh looks for no files of the user's, and sorts the algorithms by none. */
#define NO_DIRECTORY "/nonexistent"
#define NO_FILE "/dev/null"

typedef enum
{
  CONNECTING,
  WITH_KEY,
  WITH_PASSWORD,
  IN,
} Stage;

struct _VqSshAttempt
{
  VqSshLogin *login; /* not owned */
  ssh_session ssh;   /* not owned */
  ssh_key key;       /* ours, owned; NULL: none */
  ssh_key expected;  /* the server's, owned; NULL: any */
  char *host_key;    /* what it is, owned */
  int fd;            /* libssh's */
  Stage stage;
};

void
vq_ssh_attempt_free (VqSshAttempt *attempt)
{
  if (attempt == NULL)
    return;
  ssh_key_free (attempt->key);
  ssh_key_free (attempt->expected);
  g_free (attempt->host_key);
  g_free (attempt);
}

static gboolean
parse_keys (VqSshAttempt *attempt, GError **error)
{
  VqSshLogin *login = attempt->login;

  if (login->key != NULL)
    attempt->key = vq_ssh_key_parse_private (login->key, error);
  if (login->key != NULL && attempt->key == NULL)
    return FALSE;
  if (login->host_key != NULL)
    attempt->expected = vq_ssh_key_parse_public (login->host_key, error);
  return login->host_key == NULL || attempt->expected != NULL;
}

/* The server may have keys of several types: it is asked for the expected one. */
static const char *
get_host_key_types (ssh_key expected)
{
  switch (ssh_key_type (expected))
    {
    case SSH_KEYTYPE_RSA:
      return "rsa-sha2-512,rsa-sha2-256";
    default:
      return ssh_key_type_to_char (ssh_key_type (expected));
    }
}

static gboolean
set_options (VqSshAttempt *attempt, GError **error)
{
  ssh_session ssh = attempt->ssh;
  gboolean no = FALSE;

  ssh_set_blocking (ssh, FALSE);
  if (ssh_options_set (ssh, SSH_OPTIONS_PROCESS_CONFIG, &no) == SSH_OK
      && ssh_options_set (ssh, SSH_OPTIONS_SSH_DIR, NO_DIRECTORY) == SSH_OK
      && ssh_options_set (ssh, SSH_OPTIONS_KNOWNHOSTS, NO_FILE) == SSH_OK
      && ssh_options_set (ssh, SSH_OPTIONS_GLOBAL_KNOWNHOSTS, NO_FILE) == SSH_OK
      && ssh_options_set (ssh, SSH_OPTIONS_COMPRESSION, "no") == SSH_OK
      && ssh_options_set (ssh, SSH_OPTIONS_HOST, "127.0.0.1") == SSH_OK
      && ssh_options_set (ssh, SSH_OPTIONS_USER, attempt->login->user) == SSH_OK
      && (attempt->expected == NULL
          || ssh_options_set (ssh, SSH_OPTIONS_HOSTKEYS, get_host_key_types (attempt->expected))
                 == SSH_OK)
      && ssh_options_set (ssh, SSH_OPTIONS_FD, &attempt->fd) == SSH_OK)
    return TRUE;
  return vq_error_set (error, VQ_ERROR_USAGE, "ssh: %s", ssh_get_error (ssh));
}

VqSshAttempt *
vq_ssh_attempt_new (VqSshLogin *login, ssh_session ssh, int fd, GError **error)
{
  g_autoptr (VqSshAttempt) attempt = g_new0 (VqSshAttempt, 1);

  attempt->login = login;
  attempt->ssh = ssh;
  attempt->fd = fd;
  if (!parse_keys (attempt, error) || !set_options (attempt, error))
    return NULL;
  return g_steal_pointer (&attempt);
}

int
vq_ssh_attempt_open_socket (guint16 port, GError **error)
{
  struct sockaddr_in address = { .sin_family = AF_INET,
                                 .sin_port = htons (port),
                                 .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  int yes = 1;

  if (fd < 0)
    {
      vq_error_set_errno (error, errno, "cannot open a socket");
      return -1;
    }
  if (setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes) == 0
      && (connect (fd, (struct sockaddr *)&address, sizeof address) == 0 || errno == EINPROGRESS))
    return fd;
  vq_error_set_errno (error, errno, "cannot connect to port %u", port);
  close (fd);
  return -1;
}

static VqSshAttemptState
fail_for_libssh (VqSshAttempt *attempt, GError **error)
{
  const char *text = ssh_get_error (attempt->ssh);
  g_autofree char *printable = vq_text_printable (text, strlen (text), TEXT_MAX);

  vq_error_set (error, VQ_ERROR_FAILED, "ssh: %s", printable);
  return VQ_SSH_ATTEMPT_FAILED;
}

static gboolean
check_host_key (VqSshAttempt *attempt, GError **error)
{
  g_auto (ssh_key) key = NULL;
  g_autofree char *fingerprint = NULL;

  if (ssh_get_server_publickey (attempt->ssh, &key) != SSH_OK)
    return vq_error_set (error, VQ_ERROR_PEER, "ssh: the server has no host key");
  if (attempt->expected == NULL || ssh_key_cmp (key, attempt->expected, SSH_KEY_CMP_PUBLIC) == 0)
    {
      attempt->host_key = vq_ssh_key_format_public (key, error);
      return attempt->host_key != NULL;
    }
  fingerprint = vq_ssh_key_fingerprint (key);
  return vq_error_set (error, VQ_ERROR_PEER,
                       "ssh: the host key is not the expected one, but %s: this is another machine",
                       fingerprint);
}

static VqSshAttemptState
go_on_connecting (VqSshAttempt *attempt, GError **error)
{
  int result = ssh_connect (attempt->ssh);

  if (result == SSH_ERROR)
    return fail_for_libssh (attempt, error);
  /* libssh makes the socket a blocking one as soon as it is connected, and would then wait for a
   * server that reads nothing. */
  g_unix_set_fd_nonblocking (attempt->fd, TRUE, NULL);
  if (result == SSH_AGAIN)
    return VQ_SSH_ATTEMPT_WAITS;
  if (!check_host_key (attempt, error))
    return VQ_SSH_ATTEMPT_FAILED;
  attempt->stage = attempt->key != NULL ? WITH_KEY : WITH_PASSWORD;
  return vq_ssh_attempt_go_on (attempt, error);
}

/* What is refused stays refused. */
static VqSshAttemptState
fail_for_refusal (VqSshAttempt *attempt, GError **error)
{
  const char *text = ssh_get_error (attempt->ssh);
  g_autofree char *printable = vq_text_printable (text, strlen (text), TEXT_MAX);
  VqSshLogin *login = attempt->login;

  vq_error_set (error, VQ_ERROR_PEER, "ssh: the server does not admit user %s with this %s (%s)",
                login->user,
                login->key == NULL        ? "password"
                : login->password == NULL ? "key"
                                          : "key, nor with this password",
                printable);
  return VQ_SSH_ATTEMPT_FAILED;
}

static VqSshAttemptState
get_in (VqSshAttempt *attempt)
{
  VqSshLogin *login = attempt->login;

  attempt->stage = IN;
  if (login->host_key == NULL)
    login->host_key = g_strdup (attempt->host_key);
  return VQ_SSH_ATTEMPT_IN;
}

static VqSshAttemptState
go_on_logging_in (VqSshAttempt *attempt, GError **error)
{
  const char *password = attempt->login->password;
  int result = attempt->stage == WITH_KEY
                   ? ssh_userauth_publickey (attempt->ssh, NULL, attempt->key)
                   : ssh_userauth_password (attempt->ssh, NULL, password != NULL ? password : "");

  switch (result)
    {
    case SSH_AUTH_SUCCESS:
      return get_in (attempt);
    case SSH_AUTH_AGAIN:
      return VQ_SSH_ATTEMPT_WAITS;
    case SSH_AUTH_ERROR:
      return fail_for_libssh (attempt, error);
    default:
      if (attempt->stage == WITH_PASSWORD || password == NULL)
        return fail_for_refusal (attempt, error);
      attempt->stage = WITH_PASSWORD;
      return go_on_logging_in (attempt, error);
    }
}

VqSshAttemptState
vq_ssh_attempt_go_on (VqSshAttempt *attempt, GError **error)
{
  switch (attempt->stage)
    {
    case CONNECTING:
      return go_on_connecting (attempt, error);
    case WITH_KEY:
    case WITH_PASSWORD:
      return go_on_logging_in (attempt, error);
    default:
      return VQ_SSH_ATTEMPT_IN;
    }
}
