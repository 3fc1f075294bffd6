// SPDX-License-Identifier: GPL-2.0-or-later
/* The server and a client of it, both on the main context of this test. */
#include "instance/control-server.h"

#include <check.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/error.h"
#include "base/wait.h"
#include "instance-setup.h"
#include "instance/control-client.h"
#include "instance/control-wire.h"
#include "instance/instance-socket.h"
#include "io/unix-socket.h"
#include "leaks.h"
#include "messages.h"
#include "suite.h"

static VqInstance *supervisor; /* has the lock */
static VqInstance *instance;   /* as a client opens it */
static VqControlServer *server;
static char *path;
static VqControlRequest *held; /* a request that is not answered yet */

/* Answers "echo WORD..." with the words, "refuse CODE" with an error, holds "hold", and drops the
 * server for "die". */
static void
on_request (VqControlRequest *request, gpointer data)
{
  const char *const *words = vq_control_request_get_words (request);
  g_autoptr (GError) error = g_error_new_literal (VQ_ERROR, VQ_ERROR_BUSY, "it is 100% busy");

  if (strcmp (words[0], "echo") == 0)
    vq_control_request_succeed (request, words + 1);
  else if (strcmp (words[0], "hold") == 0)
    held = request;
  else
    {
      vq_control_request_note (request, "this takes long");
      vq_control_request_fail (request, error);
    }
}

static void
set_up (void)
{
  leaks_begin ();
  messages_begin ();
  instance_setup ();
  instance_make ("web", FALSE);
  supervisor = vq_instance_open (instance_place, "web", NULL);
  ck_assert (vq_instance_lock (supervisor, NULL));
  instance = vq_instance_open (instance_place, "web", NULL);
  g_free (vq_instance_socket_make_dir (supervisor, NULL));
  path = vq_instance_socket_build_path (instance, VQ_CONTROL_SOCKET, NULL);
  server = vq_control_server_new (path, on_request, NULL, NULL);
  ck_assert_ptr_nonnull (server);
}

static void
tear_down (void)
{
  g_clear_pointer (&server, vq_control_server_free);
  g_clear_pointer (&path, g_free);
  g_clear_pointer (&instance, vq_instance_free);
  g_clear_pointer (&supervisor, vq_instance_free);
  instance_teardown ();
  messages_end ();
  leaks_assert_none ();
}

static gboolean
is_held (gpointer data)
{
  return held != NULL;
}

static gboolean
is_gone (gpointer data)
{
  return vq_control_request_is_gone (held);
}

static void
wait_for (VqWaitCondition condition)
{
  ck_assert (vq_wait_until (condition, NULL, vq_deadline_in (20), NULL, "it", NULL));
}

static void
send_line (int fd, const char *line)
{
  ck_assert_int_eq (write (fd, line, strlen (line)), (gssize)strlen (line));
}

CASE ("control", set_up, tear_down, 30)

TEST (words_come_through)
{
  static const char *const words[] = { "echo", "a b", "100%\n", "", "\xff\xc3\xa4", "=", NULL };
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) reply = vq_control_client_call (instance, words, NULL, &error);

  ck_assert_ptr_nonnull (reply);
  ck_assert (g_strv_equal ((const char *const *)reply, words + 1));
}

TEST (an_error_comes_through)
{
  static const char *const words[] = { "refuse", NULL };
  g_autoptr (GError) error = NULL;

  ck_assert_ptr_null (vq_control_client_call (instance, words, NULL, &error));
  ck_assert_int_eq (error->code, VQ_ERROR_BUSY);
  ck_assert_str_eq (error->message, "it is 100% busy");
  messages_assert_warning ("this takes long");
}

TEST (a_client_goes_away)
{
  int fd = vq_unix_socket_connect (path, NULL);

  send_line (fd, "hold\n");
  wait_for (is_held);
  ck_assert (!vq_control_request_is_gone (held));
  close (fd);
  wait_for (is_gone);
  vq_control_request_succeed (g_steal_pointer (&held), (const char *const[]){ "x", NULL });
}

/* Others are served while one says half of a line, or too much of one. */
TEST (bad_clients)
{
  static const char *const words[] = { "echo", "x", NULL };
  g_autofree char *flood = g_strnfill (VQ_CONTROL_LINE_MAX + 10, 'x');
  int half = vq_unix_socket_connect (path, NULL);
  int loud = vq_unix_socket_connect (path, NULL);
  int quiet = vq_unix_socket_connect (path, NULL);
  g_auto (GStrv) reply = NULL;

  send_line (half, "ech");
  send_line (loud, flood);
  reply = vq_control_client_call (instance, words, NULL, NULL);
  ck_assert_ptr_nonnull (reply);
  send_line (half, "o\n");
  close (half);
  close (loud);
  close (quiet);
}

static gboolean
count_turn (gpointer data)
{
  ++*(guint *)data;
  return FALSE;
}

/* The server waits without work, and serves the client when there is a descriptor again. */
TEST (no_descriptors)
{
  static const char *const words[] = { "echo", "x", NULL };
  int fd = vq_unix_socket_connect (path, NULL);
  struct rlimit few, limit;
  g_auto (GStrv) reply = NULL;
  guint turns = 0;

  getrlimit (RLIMIT_NOFILE, &limit);
  few = limit;
  few.rlim_cur = fd + 1;
  setrlimit (RLIMIT_NOFILE, &few);
  ck_assert (!vq_wait_until (count_turn, &turns, vq_deadline_in (0.5), NULL, "nothing", NULL));
  setrlimit (RLIMIT_NOFILE, &limit);
  ck_assert_uint_lt (turns, 50);
  close (fd);
  reply = vq_control_client_call (instance, words, NULL, NULL);
  ck_assert_ptr_nonnull (reply);
}

TEST (it_does_not_run)
{
  static const char *const words[] = { "echo", NULL };
  g_autoptr (GError) error = NULL;

  vq_instance_unlock (supervisor);
  ck_assert_ptr_null (vq_control_client_call (instance, words, NULL, &error));
  ck_assert_int_eq (error->code, VQ_ERROR_BUSY);
  ck_assert_str_eq (error->message,
                    "the instance \"web\" does not run: \"virt-qemu start web\" starts it");
}

static gboolean
drop_held (gpointer data)
{
  if (held == NULL)
    return G_SOURCE_CONTINUE;
  vq_control_request_fail (g_steal_pointer (&held), data);
  return G_SOURCE_REMOVE;
}

TEST (it_is_told_later)
{
  static const char *const words[] = { "hold", NULL };
  g_autoptr (GError) answer = g_error_new_literal (VQ_ERROR, VQ_ERROR_TIMEOUT, "too late");
  g_autoptr (GError) error = NULL;

  g_timeout_add (20, drop_held, answer);
  ck_assert_ptr_null (vq_control_client_call (instance, words, NULL, &error));
  ck_assert (vq_error_is_timeout (error));
}
