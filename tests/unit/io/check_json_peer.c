// SPDX-License-Identifier: GPL-2.0-or-later
/* Calls and what answers them. */
#include <check.h>

#include "json-setup.h"
#include "base/json.h"
#include "suite.h"

CASE ("calls", json_set_up, json_tear_down, 60)

TEST (call_with_arguments)
{
  g_autoptr (JsonNode) result = NULL;

  fake_peer_expect (fake, "do", "{\"a\": \"x\", \"b\": 5000000000, \"c\": true}");
  fake_peer_reply (fake, "{}");
  ck_assert (vq_json_peer_call (
      peer, "do", vq_json_build ("a", "s", "x", "b", "i", (gint64)5000000000, "c", "b", TRUE, NULL),
      &result, vq_deadline_in (PATIENCE), NULL, NULL));
  ck_assert (JSON_NODE_HOLDS_OBJECT (result));
}

/* Any JSON may be a result; the peer may end its lines with CR LF or send empty ones. */
TEST (kinds_of_results)
{
  static const char *const results[] = { "{}", "[1]", "null", "true", "-7", "\"t\"", "{\"a\":{}}" };

  for (guint i = 0; i < G_N_ELEMENTS (results); i++)
    {
      g_autofree char *line = g_strdup_printf ("%s, \"x\": 1", results[i]);

      fake_peer_serve (fake, "do", line);
      fake_peer_bytes (fake, LITERAL ("\r\n\n"));
      assert_call ("do", results[i]);
    }
  assert_seen ("");
}

TEST (late_reply)
{
  fake_peer_expect (fake, "slow", "");
  assert_call_fails ("slow", 0.05, VQ_ERROR_TIMEOUT, "no answer of peer to slow within 0.0");
  fake_peer_expect (fake, "next", "");
  fake_peer_reply_to (fake, 0, "\"late\"");
  fake_peer_reply_to (fake, 1, "\"right\"");
  fake_peer_reply_to (fake, 0, "\"later\"");
  assert_call ("next", "\"right\"");
}

TEST (second_reply_to_one_request)
{
  Reply reply = { 0 };

  send_request ("do", &reply);
  fake_peer_expect (fake, "do", "");
  fake_peer_reply (fake, "1");
  fake_peer_reply (fake, "2");
  fake_peer_play (fake);
  run_idle ();
  ck_assert_uint_eq (reply.n_calls, 1);
  ck_assert_str_eq (reply.result, "1");
  reply_clear (&reply);
}

TEST (failing_what_is_pending)
{
  g_autoptr (GError) error = g_error_new_literal (VQ_ERROR, VQ_ERROR_PEER, "restarted");
  Reply replies[3] = { 0 };

  for (guint i = 0; i < G_N_ELEMENTS (replies); i++)
    {
      send_request ("do", &replies[i]);
      fake_peer_serve (fake, "do", "1"); /* late */
    }
  vq_json_peer_fail_pending (peer, error);
  vq_json_peer_fail_pending (peer, error);
  fake_peer_serve (fake, "next", "2");
  assert_call ("next", "2");
  for (guint i = 0; i < G_N_ELEMENTS (replies); i++)
    {
      ck_assert_uint_eq (replies[i].n_calls, 1);
      ck_assert_str_eq (replies[i].error->message, "restarted");
      reply_clear (&replies[i]);
    }
  assert_seen ("");
}

/* 0xFF makes the rest of a half message void, and nothing else; also when all of it is one read. */
TEST (resynchronisation)
{
  for (guint piece = 0; piece < 20; piece++)
    {
      Reply reply = { 0 };
      gint64 id = send_request ("first", &reply);
      g_autofree char *answers
          = g_strdup_printf ("{\"return\": 1, \"id\": %d}\n{\"return\": \"half\xff\xff \"a\xff"
                             "{\"return\": 2, \"id\": %d}",
                             (int)id, (int)id + 1);

      fake_peer_split (fake, piece);
      fake_peer_expect (fake, "first", "");
      fake_peer_expect (fake, "sync", "");
      fake_peer_line (fake, answers);
      assert_call ("sync", "2");
      await (&reply);
      ck_assert_str_eq (reply.result, "1");
      reply_clear (&reply);
    }
  assert_seen ("");
}

TEST (raw_bytes)
{
  vq_json_peer_send_raw (peer, "\xff", 1);
  fake_peer_expect_bytes (fake, "\xff", 1);
  fake_peer_serve (fake, "do", "1");
  assert_call ("do", "1");
}

/* What an error says is a stranger's text. */
TEST (error_replies)
{
  g_autofree char *endless = g_strnfill (5000, 'z');
  g_autofree char *cut = g_strndup (endless, 500);
  g_autofree char *shown = g_strdup_printf ("do: peer: ...%s", cut);
  const char *const cases[][2] = {
    { "no such command", "do: peer: no such command" },
    { "\x1b[2Jtwo\r\nlines\ttab\x7f", "do: peer: two lines tab" },
    { "\xe2\x80\xaeright to left", "do: peer: right to left" },
    { "", "do: peer: " },
    { endless, shown },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      fake_peer_expect (fake, "do", "");
      fake_peer_error (fake, cases[i][0]);
      assert_call_fails ("do", PATIENCE, VQ_ERROR_PEER, cases[i][1]);
    }
}

TEST (errors_of_wrong_types)
{
  static const char *const values[] = { "null", "1", "[]", "{}", "{\"desc\": 1}", "\"text\"" };

  for (guint i = 0; i < G_N_ELEMENTS (values); i++)
    {
      g_autofree char *line = g_strdup_printf ("{\"error\": %s, \"id\": %u}", values[i], i + 1);

      fake_peer_expect (fake, "do", "");
      fake_peer_line (fake, line);
      assert_call_fails ("do", PATIENCE, VQ_ERROR_PEER, "do: peer: an error without a description");
    }
}

TEST (cancelled_call)
{
  g_autoptr (VqCancel) cancel = vq_cancel_new (NULL);
  g_autoptr (GError) reason = g_error_new_literal (VQ_ERROR, VQ_ERROR_MACHINE, "it died");
  g_autoptr (GError) error = NULL;

  vq_cancel_trigger (cancel, reason);
  fake_peer_serve (fake, "do", "1"); /* it was sent all the same */
  ck_assert (
      !vq_json_peer_call (peer, "do", NULL, NULL, vq_deadline_in (PATIENCE), cancel, &error));
  ck_assert (vq_error_is_machine (error));
  ck_assert_str_eq (error->message, "it died");
}

/* No handlers, no callback, nobody interested in the result. */
TEST (nobody_listens)
{
  vq_json_peer_set_handlers (peer, NULL, NULL, NULL);
  vq_json_peer_send (peer, "quiet", NULL, NULL, NULL);
  fake_peer_serve (fake, "quiet", "1");
  fake_peer_line (fake, "{\"event\": \"E\"}");
  fake_peer_serve (fake, "do", "{}");
  ck_assert (vq_json_peer_call (peer, "do", NULL, NULL, vq_deadline_in (PATIENCE), NULL, NULL));
  vq_json_peer_send (peer, "quiet", NULL, NULL, NULL);
  fake_peer_expect (fake, "quiet", "");
  fake_peer_close (fake);
  fake_peer_play (fake);
  run_idle ();
}
