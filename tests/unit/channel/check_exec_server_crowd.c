// SPDX-License-Identifier: GPL-2.0-or-later
/* Many clients at once, and more of them than the server has descriptors for. */
#include <check.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "exec-setup.h"
#include "suite.h"

/* Every command blocks until all of them run. */
#define N_AT_ONCE 300

CASE ("crowd", exec_setup, exec_teardown, 100)

TEST (many_at_once)
{
  Program *clients = g_new0 (Program, N_AT_ONCE);
  int gate[2];

  ck_assert_int_eq (pipe2 (gate, O_CLOEXEC), 0);
  for (guint i = 0; i < N_AT_ONCE; i++)
    {
      g_autofree char *status = g_strdup_printf ("%u", i % 250);
      const char *argv[] = { "sh", "-c", "read line; exit $0", status, NULL };

      client_start (&clients[i], argv, gate[0], -1, -1);
    }
  wait_for (as_many_run, GUINT_TO_POINTER (N_AT_ONCE));
  close (gate[0]);
  close (gate[1]);
  for (guint i = 0; i < N_AT_ONCE; i++)
    {
      wait_for (is_true, &clients[i].ended);
      ck_assert_int_eq (clients[i].status, i % 250);
    }
  g_free (clients);
}

TEST (slow_reader_stalls_only_itself)
{
  const char *argv[] = { "head", "-c", "1048576", "/dev/zero", NULL };
  int out[2];
  char buffer[4096];
  gsize n_read = 0;
  gssize n;
  Program client;

  ck_assert_int_eq (pipe2 (out, O_CLOEXEC), 0);
  client_start (&client, argv, -1, out[1], -1);
  close (out[1]);
  wait_for (as_many_run, GUINT_TO_POINTER (1));
  ck_assert_int_eq (shell_run ("exit 3", NULL, NULL), 3);
  ck_assert (!client.ended);
  /* The end comes only after the client's, for which the context must run. */
  while (n_read < 1048576 && (n = read (out[0], buffer, sizeof buffer)) > 0)
    n_read += n;
  wait_for (is_true, &client.ended);
  ck_assert_int_eq (client.status, 0);
  ck_assert_uint_eq (n_read, 1048576);
  close (out[0]);
}

/* Its own limit closes what the kernel has accepted, and the hard limit cannot be changed. */
static gboolean
is_under_valgrind (void)
{
  const char *preload = g_getenv ("LD_PRELOAD");

  return preload != NULL && strstr (preload, "valgrind") != NULL;
}

/* A server with few descriptors makes its clients queue. */
TEST (few_descriptors)
{
  struct rlimit before, low = { 128, 128 };
  Program clients[60];
  int gate[2];

  if (is_under_valgrind ())
    SKIP ("valgrind needs descriptors of its own");
  g_clear_pointer (&exec_server, vq_exec_server_free);
  getrlimit (RLIMIT_NOFILE, &before);
  low.rlim_max = geteuid () == 0 ? low.rlim_cur : before.rlim_max;
  ck_assert_int_eq (setrlimit (RLIMIT_NOFILE, &low), 0);
  exec_server = vq_exec_server_new (exec_socket_path, NULL);
  vq_exec_server_set_channel (exec_server, exec_channel);
  ck_assert_int_eq (pipe2 (gate, O_CLOEXEC), 0);
  for (guint i = 0; i < G_N_ELEMENTS (clients); i++)
    {
      const char *argv[] = { "sh", "-c", "read line; exit 9", NULL };

      client_start (&clients[i], argv, gate[0], -1, -1);
    }
  if (geteuid () == 0) /* others cannot lower the hard limit and raise it again */
    wait_for (as_many_run, GUINT_TO_POINTER ((128 - 64) / 8));
  close (gate[0]);
  close (gate[1]);
  for (guint i = 0; i < G_N_ELEMENTS (clients); i++)
    {
      wait_for (is_true, &clients[i].ended);
      ck_assert_int_eq (clients[i].status, 9);
    }
  setrlimit (RLIMIT_NOFILE, &before);
}

/* accept fails while nobody is there whose end could be waited for. */
TEST (no_descriptor_left)
{
  struct rlimit before, none;
  g_autoptr (GError) error = NULL;
  Program client;
  const char *argv[] = { "sh", "-c", "exit 6", NULL };

  if (is_under_valgrind ())
    SKIP ("valgrind needs descriptors of its own");
  client_start (&client, argv, -1, -1, -1);
  getrlimit (RLIMIT_NOFILE, &before);
  none = (struct rlimit){ 3, before.rlim_max };
  setrlimit (RLIMIT_NOFILE, &none);
  ck_assert (vq_wait_pause (300, NULL, &error));
  setrlimit (RLIMIT_NOFILE, &before);
  ck_assert (!client.ended);
  wait_for (is_true, &client.ended);
  ck_assert_int_eq (client.status, 6);
}
