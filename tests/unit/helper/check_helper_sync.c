// SPDX-License-Identifier: GPL-2.0-or-later
/* How the port finds its helper: the part of helper-port that comes before all else. */
#include <check.h>
#include <signal.h>
#include <string.h>

#include "port-setup.h"
#include "suite.h"

/* Within SECONDS, with TEXT. */
static void
fail_to_sync (double seconds, VqErrorCode code, const char *text)
{
  g_autoptr (GError) error = NULL;

  ck_assert (!vq_helper_port_sync (port_tested, vq_deadline_in (seconds), NULL, &error));
  ck_assert_str_eq (error->message, text);
  ck_assert (g_error_matches (error, VQ_ERROR, code));
  ck_assert_str_eq (vq_helper_port_get_error (port_tested)->message, text);
}

CASE ("sync", port_setup, port_teardown, 60)

TEST (sync_at_once)
{
  ck_assert_str_eq (vq_helper_port_get_error (port_tested)->message,
                    "there is no connection to the guest helper yet");
  port_sync ();
  ck_assert_uint_eq (fake_guest_count_hellos (port_guest), 1);
  ck_assert_uint_eq (fake_guest_count_padding (port_guest), VQ_HELPER_FRAME_MAX);
}

/* Each has a nonce of its own; the padding comes every time. */
TEST (sync_again)
{
  guint8 nonce[VQ_HELPER_NONCE_SIZE];

  port_sync ();
  memcpy (nonce, fake_guest_get_nonce (port_guest), sizeof nonce);
  port_sync ();
  ck_assert_int_ne (memcmp (nonce, fake_guest_get_nonce (port_guest), sizeof nonce), 0);
  ck_assert_uint_eq (fake_guest_count_padding (port_guest), 2 * VQ_HELPER_FRAME_MAX);
  ck_assert_str_eq (port_told->str, "");
}

static gboolean
answer_from_now_on (gpointer data)
{
  fake_guest_answer_hello (port_guest, TRUE);
  return G_SOURCE_REMOVE;
}

TEST (hello_is_repeated)
{
  fake_guest_answer_hello (port_guest, FALSE);
  g_timeout_add (400, answer_from_now_on, NULL);
  port_sync ();
  ck_assert_uint_ge (fake_guest_count_hellos (port_guest), 2);
  ck_assert_uint_eq (fake_guest_count_padding (port_guest), VQ_HELPER_FRAME_MAX);
}

static gboolean
read_from_now_on (gpointer data)
{
  fake_guest_set_stuck (port_guest, FALSE);
  return G_SOURCE_REMOVE;
}

/* What nobody has taken yet is not repeated. */
TEST (hello_waits)
{
  fake_guest_set_stuck (port_guest, TRUE);
  g_timeout_add (1100, read_from_now_on, NULL);
  port_sync ();
  ck_assert_uint_le (fake_guest_count_hellos (port_guest), 2);
}

static gboolean
open_the_port (gpointer data)
{
  if (fake_guest_count_hellos (port_guest) == 0 || fake_guest_has_input (port_guest))
    return G_SOURCE_CONTINUE;
  fake_guest_answer_hello (port_guest, TRUE);
  vq_helper_port_set_open (port_tested, TRUE);
  ck_assert (fake_guest_has_input (port_guest));
  return G_SOURCE_REMOVE;
}

static gboolean
close_the_port (gpointer data)
{
  vq_helper_port_set_open (port_tested, FALSE);
  return G_SOURCE_REMOVE;
}

/* It closes and opens before there is a connection: the program starts. */
TEST (hello_when_the_port_opens)
{
  vq_helper_port_set_open (port_tested, TRUE);
  fake_guest_answer_hello (port_guest, FALSE);
  g_timeout_add (20, close_the_port, NULL);
  g_timeout_add (40, open_the_port, NULL);
  port_sync ();
}

/* Both are answered; the second answer is none to a question of later. */
TEST (two_replies)
{
  port_sync ();
  fake_guest_send_reply (port_guest, fake_guest_get_nonce (port_guest));
  port_assert_failed ("the guest helper sent an answer that nobody asked for");
}

/* The second with NONCE, or with the right one. */
static gboolean
send_two_replies (gpointer nonce)
{
  static const guint8 padding[VQ_HELPER_FRAME_MAX];

  if (fake_guest_count_hellos (port_guest) < 2)
    return G_SOURCE_CONTINUE;
  fake_guest_send_reply (port_guest, fake_guest_get_nonce (port_guest));
  fake_guest_send_bytes (port_guest, padding, sizeof padding);
  fake_guest_send_reply (port_guest, nonce != NULL ? nonce : fake_guest_get_nonce (port_guest));
  return G_SOURCE_REMOVE;
}

TEST (reply_to_a_repetition)
{
  fake_guest_answer_hello (port_guest, FALSE);
  g_timeout_add (20, send_two_replies, NULL);
  port_sync ();
  fake_guest_flush (port_guest);
  ck_assert_ptr_null (vq_helper_port_get_error (port_tested));
  port_assert_seen ("");
}

TEST (reply_to_another)
{
  g_autoptr (GError) error = NULL;

  fake_guest_answer_hello (port_guest, FALSE);
  g_timeout_add (20, send_two_replies, (gpointer) "another nonce...");
  (void)!vq_helper_port_sync (port_tested, vq_deadline_in (PATIENCE), NULL, &error);
  port_assert_failed ("the guest helper sent a frame of type 'h' at a wrong position");
}

TEST (garbage_before_the_reply)
{
  g_autofree char *garbage = g_strnfill (100000, 'x');

  fake_guest_send_bytes (port_guest, garbage, 100000);
  fake_guest_send_reply (port_guest, (const guint8 *)"an older nonce..");
  fake_guest_send (port_guest, VQ_HELPER_STDOUT, 7, "abc", 3);
  fake_guest_send (port_guest, VQ_HELPER_FATAL, 0, "abc", 3);
  fake_guest_send_bytes (port_guest, "h\0", 2);
  port_sync ();
  port_assert_seen ("");
}

TEST (late_reply)
{
  guint8 older[VQ_HELPER_NONCE_SIZE];

  fake_guest_answer_hello (port_guest, FALSE);
  fail_to_sync (SHORT, VQ_ERROR_TIMEOUT, "no answer of the guest helper within 0.3 s");
  memcpy (older, fake_guest_get_nonce (port_guest), sizeof older);
  fake_guest_send_reply (port_guest, older);
  fail_to_sync (SHORT, VQ_ERROR_TIMEOUT, "no answer of the guest helper within 0.3 s");
  fake_guest_answer_hello (port_guest, TRUE);
  fake_guest_send_reply (port_guest, older);
  port_sync ();
  fake_guest_send_reply (port_guest, older);
  port_assert_failed ("the guest helper sent a frame of type 'h' at a wrong position");
}

static gboolean
trigger (gpointer data)
{
  g_autoptr (GError) reason = NULL;

  vq_error_set (&reason, VQ_ERROR_MACHINE, "QEMU has ended");
  vq_cancel_trigger (data, reason);
  return G_SOURCE_REMOVE;
}

TEST (sync_is_cancelled)
{
  g_autoptr (VqCancel) cancel = vq_cancel_new (NULL);
  g_autoptr (GError) error = NULL;

  fake_guest_answer_hello (port_guest, FALSE);
  g_timeout_add (20, trigger, cancel);
  ck_assert (!vq_helper_port_sync (port_tested, vq_deadline_in (PATIENCE), cancel, &error));
  ck_assert_str_eq (error->message, "QEMU has ended");
  port_assert_seen (""); /* there was no connection to lose */
  fake_guest_answer_hello (port_guest, TRUE);
  port_sync ();
}

TEST (other_version)
{
  g_autofree char *text = g_strdup_printf (
      "the guest helper sent its version, 1, which should be %u", VQ_HELPER_VERSION);

  fake_guest_set_version (port_guest, 1);
  fail_to_sync (PATIENCE, VQ_ERROR_PEER, text);
}

static gboolean
hang_up (gpointer data)
{
  fake_guest_hang_up (port_guest);
  return G_SOURCE_REMOVE;
}

TEST (peer_dies_in_sync)
{
  fake_guest_answer_hello (port_guest, FALSE);
  g_timeout_add (20, hang_up, NULL);
  fail_to_sync (PATIENCE, VQ_ERROR_PEER, "the connection to the guest helper was closed");
  fail_to_sync (PATIENCE, VQ_ERROR_PEER,
                "the connection to the guest helper is broken: Broken pipe");
  port_assert_seen ("");
}

/* The failure is still to be told when the reply is there. */
static gboolean
open_and_reply (gpointer data)
{
  if (fake_guest_count_hellos (port_guest) == 0)
    return G_SOURCE_CONTINUE;
  port_open_stream ("early");
  fake_guest_send_reply (port_guest, fake_guest_get_nonce (port_guest));
  return G_SOURCE_REMOVE;
}

TEST (stream_while_syncing)
{
  fake_guest_answer_hello (port_guest, FALSE);
  g_timeout_add (20, open_and_reply, NULL);
  port_sync ();
  port_assert_seen ("early failed ");
  port_open_stream ("good");
  fake_guest_send (port_guest, VQ_HELPER_STDOUT, 2, "a", 1);
  port_assert_seen ("good:oa ");
}

/* The port does not tell of the end: who makes a new connection knows. */
TEST (sync_fails_the_streams)
{
  port_sync ();
  port_open_stream ("one");
  port_open_stream ("two");
  vq_helper_port_drop_stream (port_tested, 2);
  port_sync ();
  port_assert_seen ("one failed ");
}

/* The failure is told before, or by, the next sync. */
TEST (sync_right_after_a_failure)
{
  port_sync ();
  port_open_stream ("one");
  fake_guest_hang_up (port_guest);
  while (vq_helper_port_get_error (port_tested) == NULL)
    g_main_context_iteration (NULL, TRUE);
  ck_assert_str_eq (port_told->str, "");
  fail_to_sync (PATIENCE, VQ_ERROR_PEER,
                "the connection to the guest helper is broken: Broken pipe");
  port_assert_seen ("[the connection to the guest helper was closed]one failed ");
}

static gboolean
has_padding (gpointer data)
{
  return fake_guest_count_padding (port_guest) == *(gsize *)data;
}

/* The program, zeroes here, waits for the port to open. */
TEST (push)
{
  static const guint8 program[300000];
  gsize none = 0, all = sizeof program;

  vq_helper_port_push (port_tested, program, sizeof program);
  ck_assert (!vq_wait_until (has_padding, &all, vq_deadline_in (SHORT), NULL, "", NULL));
  ck_assert (has_padding (&none));
  vq_helper_port_set_open (port_tested, TRUE);
  ck_assert (vq_wait_until (has_padding, &all, vq_deadline_in (PATIENCE), NULL, "", NULL));
  vq_helper_port_set_open (port_tested, FALSE);
  vq_helper_port_set_open (port_tested, TRUE);
  port_sync ();
  ck_assert_uint_eq (fake_guest_count_padding (port_guest), sizeof program + VQ_HELPER_FRAME_MAX);
}

TEST (push_when_open)
{
  static const guint8 program[300];
  gsize all = sizeof program;

  vq_helper_port_set_open (port_tested, TRUE);
  vq_helper_port_push (port_tested, program, sizeof program);
  ck_assert (vq_wait_until (has_padding, &all, vq_deadline_in (PATIENCE), NULL, "", NULL));
}

TEST (push_is_forgotten)
{
  vq_helper_port_push (port_tested, "\0\0\0", 3);
  vq_helper_port_push (port_tested, "\0\0", 2);
  port_sync ();
  vq_helper_port_set_open (port_tested, TRUE);
  vq_helper_port_send (port_tested, VQ_HELPER_STDIN_END, 1, NULL, 0);
  fake_guest_expect (port_guest, VQ_HELPER_STDIN_END, NULL, 0);
  ck_assert_uint_eq (fake_guest_count_padding (port_guest), VQ_HELPER_FRAME_MAX);
}
