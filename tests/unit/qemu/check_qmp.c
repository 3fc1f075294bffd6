// SPDX-License-Identifier: GPL-2.0-or-later
#include "qemu/qmp.h"

#include <check.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "fake-peer.h"
#include "base/json.h"
#include "leaks.h"
#include "suite.h"

#define PATIENCE 10 /* seconds; for things that take none */
#define GREETING                                                                                   \
  "{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 0, \"minor\": 2, \"major\": 7}}, "               \
  "\"capabilities\": [\"oob\"]}}"

static VqQmp *qmp;
static FakePeer *fake;
static GString *seen; /* the events, "NAME(members)" */

static void
on_event (const char *event, JsonObject *data, gpointer user_data)
{
  ck_assert_ptr_eq (user_data, &seen);
  g_string_append_printf (seen, "%s(%u) ", event, json_object_get_size (data));
}

static void
setup (void)
{
  int fd;

  leaks_begin ();
  fake = fake_peer_new (&fd);
  seen = g_string_new (NULL);
  qmp = vq_qmp_new (fd, on_event, &seen);
}

static void
teardown (void)
{
  fake_peer_end (fake);
  vq_qmp_free (qmp);
  g_string_free (seen, TRUE);
  leaks_assert_none ();
  ck_assert (!g_main_context_pending (NULL));
}

static void
assert_handshake (void)
{
  g_autoptr (GError) error = NULL;
  gboolean ok = vq_qmp_handshake (qmp, vq_deadline_in (PATIENCE), NULL, &error);

  ck_assert_msg (ok, "%s", error != NULL ? error->message : "");
}

static void
shake_hands (void)
{
  fake_peer_line (fake, GREETING);
  fake_peer_serve (fake, "qmp_capabilities", "{}");
  assert_handshake ();
}

static void
assert_no_handshake (double seconds, VqErrorCode code, const char *message)
{
  g_autoptr (GError) error = NULL;

  ck_assert (!vq_qmp_handshake (qmp, vq_deadline_in (seconds), NULL, &error));
  ck_assert (g_error_matches (error, VQ_ERROR, code));
  if (!g_str_has_prefix (error->message, message))
    ck_assert_str_eq (error->message, message);
}

CASE ("qmp", setup, teardown, 60)

TEST_LOOP (greeting, 0, 30)
{
  fake_peer_split (fake, _i);
  shake_hands ();
  ck_assert_str_eq (seen->str, "");
}

TEST (late_greeting)
{
  fake_peer_delay (fake, 50);
  fake_peer_line (fake, "{\"event\": \"EARLY\"}");
  shake_hands ();
  ck_assert_str_eq (seen->str, "EARLY(0) ");
}

TEST (no_greeting)
{
  assert_no_handshake (0.05, VQ_ERROR_TIMEOUT, "no greeting of QEMU's monitor within 0.0");
}

/* A hello that never ends, and things that are no hello. */
TEST (garbage_for_a_greeting)
{
  gint64 start = g_get_monotonic_time ();

  fake_peer_line (fake, "login:");
  assert_no_handshake (PATIENCE, VQ_ERROR_PEER, "QMP: bad JSON");
  ck_assert_int_lt (g_get_monotonic_time () - start, 5 * G_USEC_PER_SEC);
}

TEST (object_for_a_greeting)
{
  fake_peer_line (fake, "{\"hello\": 1}");
  fake_peer_line (fake, "{\"event\": 5}");
  assert_no_handshake (0.05, VQ_ERROR_TIMEOUT, "no greeting");
  ck_assert_str_eq (seen->str, "");
}

TEST_LOOP (closed_for_a_greeting, 0, 2)
{
  if (_i == 1)
    fake_peer_bytes (fake, "{\"QMP\"", 6);
  fake_peer_close (fake);
  assert_no_handshake (PATIENCE, VQ_ERROR_PEER, "QMP: connection closed");
}

TEST (capabilities_refused)
{
  fake_peer_line (fake, GREETING);
  fake_peer_expect (fake, "qmp_capabilities", "");
  fake_peer_error (fake, "no");
  assert_no_handshake (PATIENCE, VQ_ERROR_PEER, "qmp_capabilities: QMP: no");
}

static gboolean
tell_of_the_end (gpointer data)
{
  g_autoptr (GError) reason = g_error_new_literal (VQ_ERROR, VQ_ERROR_MACHINE, "QEMU ended");

  vq_cancel_trigger (data, reason);
  return G_SOURCE_REMOVE;
}

/* The process's end is seen a moment after the connection's, and says more: before the greeting,
 * and in a call. */
TEST_LOOP (end_is_explained, 0, 2)
{
  g_autoptr (VqCancel) cancel = vq_cancel_new (NULL);
  g_autoptr (GError) error = NULL;
  gboolean ok;

  if (_i == 1)
    {
      shake_hands ();
      fake_peer_expect (fake, "cont", "");
    }
  fake_peer_close (fake);
  g_timeout_add (100, tell_of_the_end, cancel);
  if (_i == 0)
    ok = vq_qmp_handshake (qmp, vq_deadline_in (PATIENCE), cancel, &error);
  else
    ok = vq_qmp_call (qmp, "cont", NULL, NULL, vq_deadline_in (PATIENCE), cancel, &error);
  ck_assert (!ok);
  ck_assert (vq_error_is_machine (error));
  ck_assert_str_eq (error->message, "QEMU ended");
}

/* Nobody explains: not later than the deadline the call fails all the same. */
TEST (end_is_not_explained)
{
  g_autoptr (VqCancel) cancel = vq_cancel_new (NULL);
  g_autoptr (GError) error = NULL;

  shake_hands ();
  fake_peer_expect (fake, "cont", "");
  fake_peer_close (fake);
  ck_assert (!vq_qmp_call (qmp, "cont", NULL, NULL, vq_deadline_in (0.2), cancel, &error));
  ck_assert_str_eq (error->message, "cont: QMP: connection closed");
}

TEST (a_descriptor_without_a_number)
{
  g_autoptr (GError) error = NULL;
  int number;

  shake_hands ();
  fake_peer_serve (fake, "add-fd", "{\"fd\": \"none\"}");
  ck_assert (!vq_qmp_add_fd (qmp, 1, open ("/dev/null", O_RDONLY | O_CLOEXEC), &number,
                             vq_deadline_in (PATIENCE), &error));
  ck_assert (g_error_matches (error, VQ_ERROR, VQ_ERROR_PEER));
}

TEST (calls_and_events)
{
  g_autoptr (JsonNode) result = NULL;

  shake_hands ();
  fake_peer_expect (fake, "query-status", "");
  fake_peer_line (fake, "{\"event\": \"STOP\", \"timestamp\": {\"seconds\": 1}}");
  fake_peer_line (fake, "{\"event\": \"BLOCK_IO_ERROR\", \"data\": {\"a\": 1, \"b\": 2}}");
  fake_peer_line (fake, "{\"event\": \"ODD\", \"data\": [1]}");
  fake_peer_line (fake, "{\"event\": null, \"data\": {}}");
  fake_peer_line (fake, "{\"event\": {}, \"data\": {}}");
  fake_peer_line (fake, "{\"unknown\": 1}");
  fake_peer_reply (fake, "{\"running\": false}");
  ck_assert (
      vq_qmp_call (qmp, "query-status", NULL, &result, vq_deadline_in (PATIENCE), NULL, NULL));
  ck_assert (JSON_NODE_HOLDS_OBJECT (result));
  ck_assert_str_eq (seen->str, "STOP(0) BLOCK_IO_ERROR(2) ODD(0) ");
}

TEST (nobody_needs_the_answer)
{
  shake_hands ();
  vq_qmp_send (qmp, "quit", vq_json_build ("a", "b", TRUE, NULL));
  fake_peer_expect (fake, "quit", "{\"a\": true}");
  fake_peer_error (fake, "no");
  fake_peer_line (fake, "{\"event\": \"SHUTDOWN\"}");
  fake_peer_close (fake);
  fake_peer_play (fake);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  ck_assert_str_eq (seen->str, "SHUTDOWN(0) ");
}

TEST (human_monitor)
{
  static const char *const answers[][2]
      = { { "\"\"", "" }, { "\"could not\\r\\n\"", "could not\r\n" } };

  shake_hands ();
  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    {
      g_autofree char *answer = NULL;

      fake_peer_expect (fake, "human-monitor-command", "{\"command-line\": \"say \\\"x\\\"\"}");
      fake_peer_reply (fake, answers[i][0]);
      ck_assert (vq_qmp_human (qmp, "say \"x\"", &answer, vq_deadline_in (PATIENCE), NULL, NULL));
      ck_assert_str_eq (answer, answers[i][1]);
    }
}

TEST (strange_human_monitor)
{
  static const char *const answers[] = { "{}", "[]", "1", "null", "true" };

  shake_hands ();
  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    {
      g_autoptr (GError) error = NULL;
      char *answer = NULL;

      fake_peer_serve (fake, "human-monitor-command", answers[i]);
      ck_assert (!vq_qmp_human (qmp, "info", &answer, vq_deadline_in (PATIENCE), NULL, &error));
      ck_assert (g_error_matches (error, VQ_ERROR, VQ_ERROR_PEER));
      ck_assert_ptr_null (answer);
    }
}

/* A task's event goes to the task and to the owner; others only to the owner. */
TEST (watched_event)
{
  for (int i = 0; i < 2; i++)
    {
      vq_qmp_watch (qmp, "WANTED", i == 0 ? on_event : NULL, &seen);
      fake_peer_line (fake, "{\"event\": \"WANTED\", \"data\": {\"a\": 1}}");
      fake_peer_line (fake, "{\"event\": \"OTHER\"}");
      fake_peer_play (fake);
      while (g_main_context_iteration (NULL, FALSE))
        ;
    }
  ck_assert_str_eq (seen->str, "WANTED(1) WANTED(1) OTHER(0) WANTED(1) OTHER(0) ");
}

/* The descriptor that comes with a message, or -1. */
static int
receive_fd (int socket, char *text, gsize n)
{
  struct iovec iov = { text, n };
  union
  {
    struct cmsghdr header;
    char space[CMSG_SPACE (sizeof (int))];
  } control;
  struct msghdr message = {
    .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
  };
  gssize got = recvmsg (socket, &message, MSG_CMSG_CLOEXEC);
  int fd = -1;

  ck_assert_int_gt (got, 0);
  text[got] = '\0';
  if (message.msg_controllen > 0)
    memcpy (&fd, CMSG_DATA (&control.header), sizeof fd);
  return fd;
}

/* It goes with its request and with no other, and we do not keep it. */
TEST (sends_a_descriptor)
{
  g_autoptr (VqQmp) other = NULL;
  char text[1000];
  int pair[2], pipe_fds[2], fd;
  char byte = 'x';

  ck_assert_int_eq (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
  ck_assert_int_eq (pipe2 (pipe_fds, O_CLOEXEC), 0);
  other = vq_qmp_new (pair[0], on_event, &seen);
  vq_qmp_send (other, "first", NULL);
  ck_assert_int_eq (receive_fd (pair[1], text, sizeof text - 1), -1);
  vq_qmp_send_fd (other, "name", pipe_fds[1]);
  fd = receive_fd (pair[1], text, sizeof text - 1);
  ck_assert_ptr_nonnull (strstr (text, "\"getfd\",\"id\":2,\"arguments\":{\"fdname\":\"name\"}"));
  ck_assert_int_eq (write (fd, &byte, 1), 1);
  close (fd);
  ck_assert_int_eq (read (pipe_fds[0], text, 2), 1);
  ck_assert_int_eq (read (pipe_fds[0], text, 2), 0); /* nobody has it any more */
  vq_qmp_send (other, "last", NULL);
  ck_assert_int_eq (receive_fd (pair[1], text, sizeof text - 1), -1);
  close (pipe_fds[0]);
  close (pair[1]);
}

/* QEMU reads nothing: what cannot be sent is closed with the connection, and before that by the
 * next one. */
TEST (descriptor_that_cannot_be_sent)
{
  g_autofree char *much = g_strnfill (1024 * 1024, 'x');
  g_autoptr (VqQmp) other = NULL;
  int pair[2];

  ck_assert_int_eq (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
  other = vq_qmp_new (pair[0], on_event, &seen);
  vq_qmp_send (other, much, NULL);
  for (int i = 0; i < 3; i++)
    vq_qmp_send_fd (other, "name", dup (pair[1]));
  close (pair[1]);
}
