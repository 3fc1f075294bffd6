// SPDX-License-Identifier: GPL-2.0-or-later
#include "ssh/ssh-connect.h"

#include <errno.h>
#include <libssh/callbacks.h>
#include <libssh/server.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"
#include "base/wait.h"
#include "ssh/ssh-key.h"

#define PAUSE 250 /* ms */

/* How many seconds a new connection waits for the server's first words, in the first try and at
 * most. QEMU's user network accepts every connection at once. If the guest has no network yet, it
 * tries to reach the guest's server again only after 6 and 24 more seconds, so it is faster to
 * connect anew; but a busy guest may be slow to answer. */
#define FIRST_PATIENCE 3.0
#define LAST_PATIENCE 24.0

#define TEXT_MAX 300

/* libssh must not read any files of the user, for example to order its algorithms. */
#define NO_DIRECTORY "/nonexistent"
#define NO_FILE "/dev/null"

typedef struct
{
  VqSshLogin *login; /* not owned */
  ssh_key key;       /* ours, owned; NULL: none */
  ssh_key expected;  /* the server's, owned; NULL: any */
} Keys;

static void
keys_clear (Keys *keys)
{
  ssh_key_free (keys->key);
  ssh_key_free (keys->expected);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Keys, keys_clear)

static gboolean
parse_keys (Keys *keys, GError **error)
{
  const VqSshLogin *login = keys->login;

  if (login->key != NULL)
    keys->key = vq_ssh_key_parse_private (login->key, error);
  if (login->key != NULL && keys->key == NULL)
    return FALSE;
  if (login->host_key != NULL)
    keys->expected = vq_ssh_key_parse_public (login->host_key, error);
  return login->host_key == NULL || keys->expected != NULL;
}

static gboolean
fail_for_libssh (ssh_session ssh, GError **error)
{
  const char *text = ssh_get_error (ssh);
  g_autofree char *printable = vq_text_printable (text, strlen (text), TEXT_MAX);

  return vq_error_set (error, VQ_ERROR_FAILED, "ssh: %s", printable);
}

/* A socket that is being connected; -1 on failure. */
static int
open_socket (guint16 port, GError **error)
{
  struct sockaddr_in address = { .sin_family = AF_INET,
                                 .sin_port = htons (port),
                                 .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  vq_autofd int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  int yes = 1;

  if (fd < 0)
    vq_error_set_errno (error, errno, "cannot open a socket");
  else if (setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes) == 0
           && (connect (fd, (struct sockaddr *)&address, sizeof address) == 0
               || errno == EINPROGRESS))
    return g_steal_fd (&fd);
  else
    vq_error_set_errno (error, errno, "cannot connect to port %u", port);
  return -1;
}

/* The server may have keys of several types, so we ask for the type that we expect. */
static const char *
get_host_key_types (ssh_key expected)
{
  return ssh_key_type (expected) == SSH_KEYTYPE_RSA
             ? "rsa-sha2-512,rsa-sha2-256"
             : ssh_key_type_to_char (ssh_key_type (expected));
}

/* Sets how long libssh waits, each time that it waits for the server; 0 means for ever. */
static gboolean
set_timeout (ssh_session ssh, gint64 microseconds)
{
  long seconds = microseconds / G_USEC_PER_SEC;
  long rest = microseconds % G_USEC_PER_SEC;

  return ssh_options_set (ssh, SSH_OPTIONS_TIMEOUT, &seconds) == SSH_OK
         && ssh_options_set (ssh, SSH_OPTIONS_TIMEOUT_USEC, &rest) == SSH_OK;
}

static gboolean
set_options (ssh_session ssh, const Keys *keys, gint64 deadline, GError **error)
{
  gboolean no = FALSE;

  if (ssh_options_set (ssh, SSH_OPTIONS_PROCESS_CONFIG, &no) == SSH_OK
      && ssh_options_set (ssh, SSH_OPTIONS_SSH_DIR, NO_DIRECTORY) == SSH_OK
      && ssh_options_set (ssh, SSH_OPTIONS_KNOWNHOSTS, NO_FILE) == SSH_OK
      && ssh_options_set (ssh, SSH_OPTIONS_GLOBAL_KNOWNHOSTS, NO_FILE) == SSH_OK
      && ssh_options_set (ssh, SSH_OPTIONS_COMPRESSION, "no") == SSH_OK
      && ssh_options_set (ssh, SSH_OPTIONS_HOST, "127.0.0.1") == SSH_OK
      && ssh_options_set (ssh, SSH_OPTIONS_USER, keys->login->user) == SSH_OK
      && (keys->expected == NULL
          || ssh_options_set (ssh, SSH_OPTIONS_HOSTKEYS, get_host_key_types (keys->expected))
                 == SSH_OK)
      && set_timeout (ssh, MAX (deadline - g_get_monotonic_time (), 1000)))
    return TRUE;
  return vq_error_set (error, VQ_ERROR_USAGE, "ssh: %s", ssh_get_error (ssh));
}

/* Connects, and gives the socket to SSH once the server has said something. libssh has only one
 * time-out, which also holds for the login, so the shorter one for the first words is ours. */
static gboolean
reach (ssh_session ssh, guint16 port, double patience, gint64 deadline, GError **error)
{
  vq_autofd int fd = open_socket (port, error);

  if (fd < 0
      || !vq_wait_fd (fd, G_IO_IN, MIN (vq_deadline_in (patience), deadline), NULL, "answer",
                      error))
    return FALSE;
  if (ssh_options_set (ssh, SSH_OPTIONS_FD, &fd) != SSH_OK)
    return fail_for_libssh (ssh, error);
  fd = -1; /* libssh's */
  return TRUE;
}

/* Returns the host key that the server has proved to own, or NULL if it is not EXPECTED. Transfer
 * full. */
static char *
check_host_key (ssh_session ssh, ssh_key expected, GError **error)
{
  g_auto (ssh_key) key = NULL;
  g_autofree char *fingerprint = NULL;

  if (ssh_get_server_publickey (ssh, &key) != SSH_OK)
    {
      vq_error_set (error, VQ_ERROR_PEER, "ssh: the server has no host key");
      return NULL;
    }
  if (expected == NULL || ssh_key_cmp (key, expected, SSH_KEY_CMP_PUBLIC) == 0)
    return vq_ssh_key_format_public (key, error);
  fingerprint = vq_ssh_key_fingerprint (key);
  vq_error_set (error, VQ_ERROR_PEER,
                "ssh: the host key is not the expected one, but %s: this is another machine",
                fingerprint);
  return NULL;
}

/* The server would refuse it again, so this error ends all tries. */
static gboolean
fail_for_refusal (ssh_session ssh, const VqSshLogin *login, GError **error)
{
  const char *text = ssh_get_error (ssh);
  g_autofree char *printable = vq_text_printable (text, strlen (text), TEXT_MAX);

  return vq_error_set (error, VQ_ERROR_PEER,
                       "ssh: the server does not admit user %s with this %s (%s)", login->user,
                       login->key == NULL        ? "password"
                       : login->password == NULL ? "key"
                                                 : "key, nor with this password",
                       printable);
}

static gboolean
log_in (ssh_session ssh, const Keys *keys, GError **error)
{
  const char *password = keys->login->password;
  int result = SSH_AUTH_DENIED;

  if (keys->key != NULL)
    result = ssh_userauth_publickey (ssh, NULL, keys->key);
  if ((result == SSH_AUTH_DENIED || result == SSH_AUTH_PARTIAL)
      && (keys->key == NULL || password != NULL))
    result = ssh_userauth_password (ssh, NULL, password != NULL ? password : "");
  if (result == SSH_AUTH_AGAIN)
    return vq_error_set (error, VQ_ERROR_TIMEOUT, "ssh: no answer to the login");
  if (result == SSH_AUTH_ERROR)
    return fail_for_libssh (ssh, error);
  return result == SSH_AUTH_SUCCESS || fail_for_refusal (ssh, keys->login, error);
}

/* libssh keeps the server's requests until somebody takes them, which could fill our memory. */
static int
decline (ssh_session ssh, ssh_message message, void *data)
{
  return 1;
}

static ssh_session
try_once (const Keys *keys, double patience, gint64 deadline, GError **error)
{
  g_auto (ssh_session) ssh = ssh_new ();
  g_autofree char *host_key = NULL;

  if (ssh == NULL)
    g_error ("out of memory");
  ssh_set_message_callback (ssh, decline, NULL);
  if (!set_options (ssh, keys, deadline, error)
      || !reach (ssh, keys->login->port, patience, deadline, error)
      || !(ssh_connect (ssh) == SSH_OK || fail_for_libssh (ssh, error)))
    return NULL;
  host_key = check_host_key (ssh, keys->expected, error);
  if (host_key == NULL || !log_in (ssh, keys, error))
    return NULL;
  if (keys->login->host_key == NULL)
    keys->login->host_key = g_steal_pointer (&host_key);
  set_timeout (ssh, 0);
  return g_steal_pointer (&ssh);
}

static gboolean
may_be_tried_again (const GError *error)
{
  return g_error_matches (error, VQ_ERROR, VQ_ERROR_FAILED) || vq_error_is_timeout (error);
}

static void
say_time_is_up (const GError *last, gint64 start, gint64 deadline, GError **error)
{
  vq_error_set (error, VQ_ERROR_TIMEOUT, "no ssh login within %.3g s (%s)",
                MAX (0, deadline - start) / (double)G_USEC_PER_SEC,
                last != NULL ? last->message : "not tried");
}

/* Nothing tells us when a server in the guest begins to listen, or has room for one more
 * connection. We must try again and again. */
ssh_session
vq_ssh_connect (VqSshLogin *login, gint64 deadline, GError **error)
{
  g_auto (Keys) keys = { .login = login };
  gint64 start = g_get_monotonic_time ();
  double patience = FIRST_PATIENCE;
  g_autoptr (GError) last = NULL;

  if (!parse_keys (&keys, error))
    return NULL;
  while (vq_deadline_left (deadline) > 0)
    {
      ssh_session ssh;

      g_clear_error (&last);
      ssh = try_once (&keys, patience, deadline, &last);
      if (ssh != NULL)
        return ssh;
      if (!may_be_tried_again (last))
        {
          g_propagate_error (error, g_steal_pointer (&last));
          return NULL;
        }
      if (vq_error_is_timeout (last))
        patience = MIN (patience * 2, LAST_PATIENCE);
      if (!vq_wait_pause (PAUSE, NULL, error))
        return NULL;
    }
  say_time_is_up (last, start, deadline, error);
  return NULL;
}
