// SPDX-License-Identifier: GPL-2.0-or-later
/* The client, the channel or the server goes, fails or was never there. */
#include <check.h>
#include <signal.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.h"
#include "exec-setup.h"
#include "channel/exec-wire.h"
#include "suite.h"

CASE ("ends", exec_setup, exec_teardown, 100)

TEST (killed_client_kills_command)
{
  const char *argv[] = { "sleep", "1000", NULL };
  Program client;
  GPid pid;

  client_start (&client, argv, -1, -1, -1);
  wait_for (as_many_run, GUINT_TO_POINTER (1));
  pid = host_channel_last_pid (exec_channel);
  ck_assert_int_eq (kill (pid, 0), 0);
  kill (client.pid, SIGTERM);
  wait_for (is_true, &client.ended);
  wait_for (nothing_runs, NULL);
  ck_assert_int_eq (kill (pid, 0), -1);
  ck_assert_uint_eq (host_channel_n_killed (exec_channel), 1);
}

TEST (not_open)
{
  g_autoptr (GBytes) err = NULL;

  vq_exec_server_set_channel (exec_server, NULL);
  ck_assert_int_eq (shell_run ("true", NULL, &err), 255);
  ck_assert_str_eq (as_string (err), "virt-qemu-exec: the machine is not open\n");
  vq_exec_server_set_channel (exec_server, exec_channel);
  ck_assert_int_eq (shell_run ("true", NULL, NULL), 0);
}

static void
start_sleepers (Program *clients, guint n)
{
  static const char *const argv[] = { "sleep", "1000", NULL };

  for (guint i = 0; i < n; i++)
    client_start (&clients[i], argv, -1, -1, -1);
  wait_for (as_many_run, GUINT_TO_POINTER (n));
}

static void
assert_all_fail (Program *clients, guint n)
{
  for (guint i = 0; i < n; i++)
    {
      wait_for (is_true, &clients[i].ended);
      ck_assert_int_eq (clients[i].status, 255);
    }
}

TEST (channel_replaced)
{
  VqChannel *other = host_channel_new ();
  Program clients[5];

  start_sleepers (clients, 5);
  vq_exec_server_set_channel (exec_server, other);
  assert_all_fail (clients, 5);
  wait_for (nothing_runs, NULL);
  ck_assert_int_eq (shell_run ("exit 4", NULL, NULL), 4);
  vq_channel_free (exec_channel);
  exec_channel = other;
}

/* The channel goes first, and speaks for itself. */
TEST (channel_freed)
{
  Program clients[5];

  start_sleepers (clients, 5);
  g_clear_pointer (&exec_channel, vq_channel_free);
  vq_exec_server_set_channel (exec_server, NULL);
  assert_all_fail (clients, 5);
}

TEST (server_freed)
{
  Program clients[5];

  start_sleepers (clients, 5);
  g_clear_pointer (&exec_server, vq_exec_server_free);
  ck_assert (!g_file_test (exec_socket_path, G_FILE_TEST_EXISTS));
  assert_all_fail (clients, 5);
  wait_for (nothing_runs, NULL);
}

/* A channel that fails with a text from a hostile guest. */

static VqCommandDone failing_done;
static gpointer failing_data;

static gboolean
fail_now (gpointer data)
{
  g_autofree char *much = g_strnfill (5000, 'm');
  g_autoptr (GError) error = g_error_new (VQ_ERROR, VQ_ERROR_PEER, "%s\033[31m\n\xff is red", much);
  VqEnd end = { VQ_ENDED_FAILED, 0, error };

  failing_done (&end, failing_data);
  return G_SOURCE_REMOVE;
}

static VqCommand *
failing_start (VqChannel *self, const char *const *argv, int in, int out, int err,
               VqCommandDone done, gpointer data)
{
  close (in);
  close (out);
  close (err);
  failing_done = done;
  failing_data = data;
  g_idle_add (fail_now, NULL);
  return (VqCommand *)self;
}

TEST (failing_channel)
{
  static const VqChannelClass class = { .start = failing_start };
  VqChannel failing = { &class };
  g_autoptr (GBytes) err = NULL;

  vq_exec_server_set_channel (exec_server, &failing);
  ck_assert_int_eq (shell_run ("true", NULL, &err), 255);
  ck_assert (g_str_has_prefix (as_string (err), "virt-qemu-exec: ...mmm"));
  ck_assert (g_str_has_suffix (as_string (err), " is red\n"));
  ck_assert_uint_lt (g_bytes_get_size (err), VQ_EXEC_TEXT_MAX + 32);
  ck_assert_ptr_null (strchr (as_string (err), '\033'));
}

TEST (no_server)
{
  g_autoptr (GBytes) err = NULL;
  g_autofree char *good_path = g_steal_pointer (&exec_socket_path);

  exec_socket_path = g_strdup ("/nonexistent/socket");
  ck_assert_int_eq (shell_run ("true", NULL, &err), 255);
  ck_assert_ptr_nonnull (strstr (as_string (err), "cannot reach"));
  g_clear_pointer (&err, g_bytes_unref);
  g_free (exec_socket_path);
  exec_socket_path = g_strnfill (108, 'x');
  ck_assert_int_eq (shell_run ("true", NULL, &err), 255);
  ck_assert_ptr_nonnull (strstr (as_string (err), "too long"));
  g_free (exec_socket_path);
  exec_socket_path = g_steal_pointer (&good_path);
}

TEST (bad_socket_paths)
{
  g_autofree char *missing = g_build_filename (exec_directory, "missing", "exec", NULL);
  const char *cases[] = { exec_socket_path, missing, exec_directory };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;

      ck_assert_ptr_null (vq_exec_server_new (cases[i], &error));
      ck_assert_ptr_nonnull (strstr (error->message, "cannot listen on"));
    }
  ck_assert_int_eq (shell_run ("exit 2", NULL, NULL), 2); /* the real one is unharmed */
}

TEST (longest_socket_path)
{
  gsize room = sizeof ((struct sockaddr_un *)NULL)->sun_path - 1 - strlen (exec_directory) - 1;

  for (gsize len = room - 1; len <= room + 1; len++)
    {
      g_autofree char *name = g_strnfill (len, 'x');
      g_autofree char *path = g_build_filename (exec_directory, name, NULL);
      g_autoptr (GError) error = NULL;
      g_autoptr (VqExecServer) other = vq_exec_server_new (path, &error);

      ck_assert_int_eq (other != NULL, len <= room);
      if (other == NULL)
        ck_assert_ptr_nonnull (strstr (error->message, "TMPDIR"));
    }
}
