// SPDX-License-Identifier: GPL-2.0-or-later
#include "fake-ssh-server.h"

#include <check.h>
#include <libssh/server.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ssh/ssh-key.h"

struct _FakeSshServer
{
  VqSshLogin login;
  pid_t pid;
};

/* valgrind looks at what a process leaves when it exits, but not when it becomes another. */
void
fake_ssh_server_leave (void)
{
  execl ("/bin/true", "true", NULL);
  _exit (1);
}

/* Shared by the server and what stands between it and the client. */
static gboolean *deaf;

void
fake_ssh_server_be_deaf (void)
{
  g_atomic_int_set (deaf, TRUE);
}

/* An eventfd of the test and the server. */
static int word = -1;

void
fake_ssh_server_go_on (void)
{
  ck_assert_int_eq (eventfd_write (word, 1), 0);
}

void
fake_ssh_server_wait_for_test (void)
{
  eventfd_t value;

  if (eventfd_read (word, &value) < 0)
    fake_ssh_server_leave ();
}

/* FALSE when there is nothing more to pass on. */
static gboolean
pass_on (int from, int to)
{
  char buffer[65536];
  gssize n = read (from, buffer, sizeof buffer);

  for (gssize at = 0; at < n;)
    {
      gssize written = write (to, buffer + at, n - at);

      if (written < 0)
        return FALSE;
      at += written;
    }
  return n > 0;
}

/* What the server says last still gets to the client. */
static void
stand_between (int client, int fd)
{
  struct pollfd fds[] = { { client, POLLIN, 0 }, { fd, POLLIN, 0 } };
  gboolean heard = TRUE;

  for (;;)
    {
      fds[0].fd = heard && !g_atomic_int_get (deaf) ? client : -1;
      if (poll (fds, 2, 100) < 0 || (fds[1].revents != 0 && !pass_on (fd, client)))
        fake_ssh_server_leave ();
      if (fds[0].revents != 0)
        heard = pass_on (client, fd);
    }
}

/* The server's end of a connection. */
static int
accept_connection (int listener)
{
  int client = accept (listener, NULL, NULL);
  int ends[2];

  if (client < 0 || socketpair (AF_UNIX, SOCK_STREAM, 0, ends) < 0)
    fake_ssh_server_leave ();
  if (fork () == 0)
    {
      signal (SIGPIPE, SIG_IGN);
      close (ends[0]);
      stand_between (client, ends[1]);
    }
  close (client);
  close (ends[1]);
  return ends[0];
}

/* A channel, once a command is wanted on it; NULL when the client has gone. */
static ssh_channel
serve_until_exec (ssh_session ssh)
{
  ssh_channel channel = NULL;
  gboolean done = FALSE;

  while (!done)
    {
      ssh_message message = ssh_message_get (ssh);

      if (message == NULL)
        return NULL;
      switch (ssh_message_type (message))
        {
        case SSH_REQUEST_SERVICE:
          ssh_message_service_reply_success (message);
          break;
        case SSH_REQUEST_AUTH:
          ssh_message_auth_reply_success (message, 0);
          break;
        case SSH_REQUEST_CHANNEL_OPEN:
          channel = ssh_message_channel_request_open_reply_accept (message);
          break;
        case SSH_REQUEST_CHANNEL:
          ssh_message_channel_request_reply_success (message);
          done = ssh_message_subtype (message) == SSH_CHANNEL_REQUEST_EXEC;
          break;
        default:
          ssh_message_reply_default (message);
        }
      ssh_message_free (message);
    }
  return channel;
}

static void
serve (int listener, ssh_key key, FakeSshScript script)
{
  ssh_bind bind = ssh_bind_new ();
  ssh_session ssh = ssh_new ();
  ssh_channel channel;
  int fd = accept_connection (listener);

  if (ssh_bind_options_set (bind, SSH_BIND_OPTIONS_IMPORT_KEY, key) != SSH_OK
      || ssh_bind_accept_fd (bind, ssh, fd) != SSH_OK || ssh_handle_key_exchange (ssh) != SSH_OK)
    fake_ssh_server_leave ();
  channel = serve_until_exec (ssh);
  if (channel != NULL)
    script (ssh, channel);
  while (ssh_is_connected (ssh) && ssh_blocking_flush (ssh, -1) == SSH_OK)
    {
      ssh_message message = ssh_message_get (ssh);

      if (message == NULL)
        break;
      ssh_message_free (message);
    }
  fake_ssh_server_leave ();
}

static int
open_listener (guint16 *port)
{
  struct sockaddr_in address
      = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  socklen_t length = sizeof address;
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  ck_assert_int_eq (bind (fd, (struct sockaddr *)&address, sizeof address), 0);
  ck_assert_int_eq (listen (fd, 64), 0);
  ck_assert_int_eq (getsockname (fd, (struct sockaddr *)&address, &length), 0);
  *port = ntohs (address.sin_port);
  return fd;
}

FakeSshServer *
fake_ssh_server_new (FakeSshScript script)
{
  FakeSshServer *server = g_new0 (FakeSshServer, 1);
  g_autofree char *host_key = NULL;
  g_autofree char *public = NULL;
  pid_t parent = getpid ();
  int fd = open_listener (&server->login.port);

  ck_assert (vq_ssh_key_generate (&host_key, &server->login.host_key, NULL));
  ck_assert (vq_ssh_key_generate (&server->login.key, &public, NULL));
  server->login.user = g_strdup ("root");
  if (deaf == NULL)
    deaf = mmap (NULL, sizeof *deaf, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  ck_assert (deaf != MAP_FAILED);
  *deaf = FALSE;
  word = eventfd (0, EFD_CLOEXEC);
  ck_assert_int_ge (word, 0);
  server->pid = fork ();
  ck_assert_int_ge (server->pid, 0);
  if (server->pid == 0)
    {
      prctl (PR_SET_PDEATHSIG, SIGKILL);
      if (getppid () == parent)
        serve (fd, vq_ssh_key_parse_private (host_key, NULL), script);
      fake_ssh_server_leave ();
    }
  close (fd);
  return server;
}

void
fake_ssh_server_free (FakeSshServer *server)
{
  if (server == NULL)
    return;
  kill (server->pid, SIGKILL);
  ck_assert_int_eq (waitpid (server->pid, NULL, 0), server->pid);
  close (word);
  vq_ssh_login_clear (&server->login);
  g_free (server);
}

VqSshLogin *
fake_ssh_server_get_login (FakeSshServer *server)
{
  return &server->login;
}
