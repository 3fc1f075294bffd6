// SPDX-License-Identifier: GPL-2.0-or-later
/* What goes wrong with virt-qemu-ssh: it does not get in, or it dies, or we do. */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent-job.h"
#include "base/error.h"
#include "host-agent.h"
#include "host-sshd.h"
#include "leaks.h"
#include "ssh/ssh-client.h"
#include "ssh/ssh-key.h"
#include "suite.h"
#include "tree.h"

#define PATIENCE 60 /* seconds; for things that take none */

/* Ends by itself when nobody reads it any more. */
#define ENDLESS "echo started; while echo x >&2; do sleep 0.1; done"

static HostSshd *host;
static VqSshLogin *login;
static char *directory;

static void
setup (void)
{
  signal (SIGPIPE, SIG_IGN);
  host_agent_adopt_orphans (); /* each test, which may be a process of its own */
  leaks_begin ();
  directory = g_dir_make_tmp ("vq-client-XXXXXX", NULL);
  host = host_sshd_new (NULL);
  login = host_sshd_get_login (host);
}

static void
teardown (void)
{
  g_autofree char *path = g_build_filename (directory, "ssh", NULL);

  ck_assert (!g_file_test (path, G_FILE_TEST_EXISTS));
  host_agent_assert_no_orphans ();
  g_clear_pointer (&host, host_sshd_free);
  tree_remove (directory);
  g_clear_pointer (&directory, g_free);
  leaks_assert_none ();
}

static VqSshClient *
open_client (void)
{
  g_autoptr (GError) error = NULL;
  VqSshClient *client
      = vq_ssh_client_open (login, directory, vq_deadline_in (PATIENCE), NULL, &error);

  ck_assert_msg (client != NULL, "%s", error != NULL ? error->message : "");
  return client;
}

/* It does not get in within SECONDS; what it says has TEXT in it. */
static void
assert_outside (double seconds, int code, const char *text)
{
  g_autoptr (GError) error = NULL;

  ck_assert_ptr_null (
      vq_ssh_client_open (login, directory, vq_deadline_in (seconds), NULL, &error));
  ck_assert_msg (strstr (error->message, text) != NULL, "%s", error->message);
  ck_assert_msg (error->code == code, "%d: %s", error->code, error->message);
}

static void
replace_key (char **key, gboolean by_public)
{
  g_autofree char *private = NULL;
  g_autofree char *public = NULL;

  ck_assert (vq_ssh_key_generate (&private, &public, NULL));
  g_free (*key);
  *key = by_public ? g_steal_pointer (&public) : g_steal_pointer (&private);
}

CASE ("sshd", setup, teardown, 120)

TEST (wrong_key)
{
  replace_key (&login->key, FALSE);
  assert_outside (PATIENCE, VQ_ERROR_PEER, "the server does not admit user ");
  ck_assert_uint_eq (host_sshd_count (host), 1);
}

TEST (wrong_host_key)
{
  replace_key (&login->host_key, TRUE);
  assert_outside (PATIENCE, VQ_ERROR_PEER, "the host key is not the expected one");
}

TEST (no_keys)
{
  g_free (login->key);
  login->key = g_strdup ("no key");
  assert_outside (PATIENCE, VQ_ERROR_USAGE, "not a private ssh key");
  g_free (login->key);
  login->key = g_strnfill (VQ_SSH_LOGIN_MAX, 'k');
  assert_outside (PATIENCE, VQ_ERROR_USAGE, "the key or the password is too long");
}

TEST (nobody_listens)
{
  guint16 port = login->port;

  login->port = 1;
  assert_outside (3, VQ_ERROR_TIMEOUT, "(ssh: Connection refused)");
  login->port = port;
}

TEST (closed_always)
{
  host_sshd_refuse (host, 1000);
  assert_outside (3, VQ_ERROR_TIMEOUT, "no ssh login within ");
  ck_assert_uint_gt (host_sshd_count (host), 1);
}

TEST (closed_at_first)
{
  g_autoptr (VqSshClient) client = NULL;

  host_sshd_refuse (host, 2);
  client = open_client ();
  ck_assert_uint_eq (host_sshd_count (host), 3);
}

TEST (no_time)
{
  assert_outside (-1, VQ_ERROR_TIMEOUT, "no ssh login");
}

TEST (no_directory)
{
  g_autofree char *none = g_build_filename (directory, "none", NULL);
  g_autoptr (GError) error = NULL;

  ck_assert_ptr_null (vq_ssh_client_open (login, none, vq_deadline_in (PATIENCE), NULL, &error));
  ck_assert_msg (strstr (error->message, none) != NULL, "%s", error->message);
}

/* It gets in, but cannot run anything. */
TEST (no_shell)
{
  g_clear_pointer (&host, host_sshd_free);
  host = host_sshd_new ("ForceCommand echo 'Please login as \"debian\".'; exit 142");
  login = host_sshd_get_login (host);
  assert_outside (PATIENCE, VQ_ERROR_PEER, "did not start the command: Please login as");
}

static gboolean
cancel_now (gpointer data)
{
  g_autoptr (GError) reason = NULL;

  vq_error_set (&reason, VQ_ERROR_MACHINE, "the machine died");
  vq_cancel_trigger (data, reason);
  return G_SOURCE_REMOVE;
}

TEST (cancelled)
{
  g_autoptr (VqCancel) cancel = vq_cancel_new (NULL);
  g_autoptr (GError) error = NULL;

  host_sshd_ignore (host, 1000);
  g_timeout_add (300, cancel_now, cancel);
  ck_assert_ptr_null (
      vq_ssh_client_open (login, directory, vq_deadline_in (PATIENCE), cancel, &error));
  ck_assert (vq_error_is_machine (error));
}

/* Wherever it is. */
TEST (given_up)
{
  for (guint pause = 0; pause <= 100; pause += 10)
    {
      g_autoptr (VqSshClient) client
          = vq_ssh_client_start (login, directory, vq_deadline_in (PATIENCE), NULL);

      ck_assert_ptr_nonnull (client);
      ck_assert (pause == 0 || vq_wait_pause (pause, NULL, NULL));
    }
}

TEST (program_killed_before_it_is_in)
{
  g_autoptr (VqSshClient) client
      = vq_ssh_client_start (login, directory, vq_deadline_in (PATIENCE), NULL);
  g_autoptr (GError) error = NULL;

  host_sshd_ignore (host, 1000);
  ck_assert_int_eq (kill (vq_ssh_client_get_pid (client), SIGKILL), 0);
  ck_assert (!vq_ssh_client_wait (client, login, vq_deadline_in (PATIENCE), NULL, &error));
  ck_assert_str_eq (error->message, "virt-qemu-ssh: Child process killed by signal 9");
}

/* What runs and what comes fails with the same words. */
static void
assert_all_fail (VqSshClient *client, Job **jobs, guint n, const char *text)
{
  g_autoptr (Job) next = NULL;

  for (guint i = 0; i < n; i++)
    {
      job_assert_failure (jobs[i], text);
      job_free (jobs[i]);
    }
  next = job_shell (vq_ssh_client_get_channel (client), "true");
  job_assert_failure (next, text);
}

static void
start_jobs (VqSshClient *client, Job **jobs, guint n)
{
  for (guint i = 0; i < n; i++)
    jobs[i] = job_shell (vq_ssh_client_get_channel (client), ENDLESS);
  g_free (job_first_line (jobs[0])); /* the others are wherever they are */
}

TEST (program_killed)
{
  g_autoptr (VqSshClient) client = open_client ();
  Job *jobs[5];

  start_jobs (client, jobs, 5);
  ck_assert_int_eq (kill (vq_ssh_client_get_pid (client), SIGKILL), 0);
  assert_all_fail (client, jobs, 5, "virt-qemu-ssh: Child process killed by signal 9");
}

TEST (program_killed_while_idle)
{
  g_autoptr (VqSshClient) client = open_client ();

  ck_assert_int_eq (kill (vq_ssh_client_get_pid (client), SIGKILL), 0);
  assert_all_fail (client, NULL, 0, "virt-qemu-ssh: Child process killed by signal 9");
}

TEST (sshd_killed)
{
  g_autoptr (VqSshClient) client = open_client ();
  Job *jobs[5];

  start_jobs (client, jobs, 5);
  host_sshd_kill (host, 0);
  assert_all_fail (client, jobs, 5, "the ssh connection to the guest is lost: ");
}

/* The guest was booted again. */
TEST (another_client)
{
  g_autoptr (VqSshClient) client = open_client ();
  g_autoptr (Job) job = NULL;

  host_sshd_kill (host, 0);
  assert_all_fail (client, NULL, 0, "the ssh connection to the guest is lost: ");
  g_clear_pointer (&client, vq_ssh_client_free);
  client = open_client ();
  job = job_shell (vq_ssh_client_get_channel (client), "exit 6");
  job_assert_end (job, VQ_ENDED_EXITED, 6);
}

/* A process that is killed as the server may be: what it is told is in its environment. */
#define PORT "VQ_CHECK_PORT"
#define KEY "VQ_CHECK_KEY"
#define DIRECTORY "VQ_CHECK_DIRECTORY"

static void G_GNUC_NORETURN
be_a_server (void)
{
  VqSshLogin own = { .port = atoi (g_getenv (PORT)),
                     .user = g_strdup (g_get_user_name ()),
                     .key = g_strdup (g_getenv (KEY)) };
  VqSshClient *client
      = vq_ssh_client_open (&own, g_getenv (DIRECTORY), vq_deadline_in (PATIENCE), NULL, NULL);

  printf ("%d\n", client != NULL ? vq_ssh_client_get_pid (client) : 0);
  fflush (stdout);
  for (;;)
    pause ();
}

int
suite_prepare (int argc, char **argv)
{
  if (argc > 1)
    be_a_server ();
  return -1;
}

static GPid
start_server (int *out)
{
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *port = g_strdup_printf ("%u", login->port);
  const char *const argv[] = { self, "server", NULL };
  g_auto (GStrv) environment = g_get_environ ();
  GPid pid;

  environment = g_environ_setenv (environment, PORT, port, TRUE);
  environment = g_environ_setenv (environment, KEY, login->key, TRUE);
  environment = g_environ_setenv (environment, DIRECTORY, directory, TRUE);
  ck_assert (g_spawn_async_with_pipes (NULL, (char **)argv, environment, G_SPAWN_DO_NOT_REAP_CHILD,
                                       NULL, NULL, &pid, NULL, out, NULL, NULL));
  return pid;
}

/* The program is an orphan of ours then: teardown sees that it ends. */
TEST (server_killed)
{
  g_autofree char *path = g_build_filename (directory, "ssh", NULL);
  char text[32] = "";
  int out = -1;
  GPid pid = start_server (&out);

  ck_assert (vq_wait_fd (out, G_IO_IN, vq_deadline_in (PATIENCE), NULL, "line", NULL));
  ck_assert_int_gt (read (out, text, sizeof text - 1), 0);
  ck_assert_int_gt (atoi (text), 1);
  ck_assert_int_eq (kill (atoi (text), 0), 0);
  ck_assert_int_eq (kill (pid, SIGKILL), 0);
  close (out);
  while (kill (atoi (text), 0) == 0)
    {
      host_agent_assert_no_orphans ();
      ck_assert (vq_wait_pause (5, NULL, NULL));
    }
  unlink (path); /* the server's directory goes with it */
}
