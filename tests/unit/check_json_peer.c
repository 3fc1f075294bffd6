// SPDX-License-Identifier: GPL-2.0-or-later
#include "json-peer.h"

#include <check.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "error.h"
#include "fake-peer.h"
#include "json.h"
#include "leaks.h"

#define LINE_MAX_BYTES (1024 * 1024) /* as in json-peer.c */
#define LITERAL(text) text, sizeof (text) - 1
#define PATIENCE 10 /* seconds; for things that take none */

static VqJsonPeer *peer;
static FakePeer *fake;

/* What the handlers saw, in their order: "event NAME", "closed". */
static GPtrArray *seen;

static void
on_event (JsonObject *message, gpointer data)
{
  ck_assert_ptr_eq (data, &seen);
  g_ptr_array_add (seen, g_strdup_printf ("event %s", json_object_get_string_member_with_default (
                                                          message, "event", "none")));
}

static void
on_closed (const GError *error, gpointer data)
{
  ck_assert_ptr_eq (data, &seen);
  ck_assert (g_error_matches (error, VQ_ERROR, VQ_ERROR_PEER));
  g_ptr_array_add (seen, g_strdup ("closed"));
}

static void
set_up (void)
{
  int fd;

  leaks_begin ();
  fake = fake_peer_new (&fd);
  peer = vq_json_peer_new (fd, "peer");
  seen = g_ptr_array_new_with_free_func (g_free);
  vq_json_peer_set_handlers (peer, on_event, on_closed, &seen);
}

/* The fake first: it looks for what nobody expected. */
static void
tear_down (void)
{
  fake_peer_end (fake);
  vq_json_peer_free (peer);
  g_ptr_array_unref (seen);
  leaks_assert_none ();
  ck_assert (!g_main_context_pending (NULL));
}

static void
assert_seen (const char *expected)
{
  g_autofree char *all = NULL;

  g_ptr_array_add (seen, NULL);
  all = g_strjoinv (", ", (char **)seen->pdata);
  g_ptr_array_remove_index (seen, seen->len - 1);
  ck_assert_str_eq (all, expected);
}

/* A pending request. */
typedef struct
{
  guint n_calls;
  char *result; /* as JSON */
  GError *error;
} Reply;

static void
on_reply (JsonNode *result, const GError *error, gpointer data)
{
  Reply *reply = data;

  ck_assert ((result != NULL) != (error != NULL));
  reply->n_calls++;
  if (result != NULL)
    reply->result = json_to_string (result, FALSE);
  else
    reply->error = g_error_copy (error);
}

static void
reply_clear (Reply *reply)
{
  g_clear_pointer (&reply->result, g_free);
  g_clear_error (&reply->error);
  reply->n_calls = 0;
}

static gboolean
is_answered (gpointer data)
{
  return ((Reply *)data)->n_calls > 0;
}

static void
await (Reply *reply)
{
  ck_assert (vq_wait_until (is_answered, reply, vq_deadline_in (PATIENCE), NULL, "reply", NULL));
  ck_assert_uint_eq (reply->n_calls, 1);
}

static gint64
send_request (const char *command, Reply *reply)
{
  gint64 id = vq_json_peer_send (peer, command, NULL, on_reply, reply);

  ck_assert_int_ne (id, 0);
  ck_assert_uint_eq (reply->n_calls, 0);
  return id;
}

static void
run_idle (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

/* A call that must give RESULT, as JSON. */
static void
assert_call (const char *command, const char *result)
{
  g_autoptr (JsonNode) node = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  gboolean ok
      = vq_json_peer_call (peer, command, NULL, &node, vq_deadline_in (PATIENCE), NULL, &error);

  ck_assert_msg (ok, "%s", error != NULL ? error->message : "");
  text = json_to_string (node, FALSE);
  ck_assert_str_eq (text, result);
}

/* A call that must fail with CODE and with a message that begins with MESSAGE. */
static void
assert_call_fails (const char *command, double seconds, VqErrorCode code, const char *message)
{
  g_autoptr (GError) error = NULL;

  ck_assert (
      !vq_json_peer_call (peer, command, NULL, NULL, vq_deadline_in (seconds), NULL, &error));
  ck_assert (g_error_matches (error, VQ_ERROR, code));
  if (!g_str_has_prefix (error->message, message))
    ck_assert_str_eq (error->message, message);
}

START_TEST (call_with_arguments)
{
  g_autoptr (JsonNode) result = NULL;

  fake_peer_expect (fake, "do", "{\"a\": \"x\", \"b\": 5000000000, \"c\": true}");
  fake_peer_reply (fake, "{}");
  ck_assert (vq_json_peer_call (
      peer, "do", vq_json_build ("a", "s", "x", "b", "i", (gint64)5000000000, "c", "b", TRUE, NULL),
      &result, vq_deadline_in (PATIENCE), NULL, NULL));
  ck_assert (JSON_NODE_HOLDS_OBJECT (result));
}
END_TEST

/* Any JSON may be a result; the peer may end its lines with CR LF or send empty ones. */
START_TEST (kinds_of_results)
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
END_TEST

START_TEST (every_split)
{
  for (gsize size = 1; size < 70; size++)
    {
      g_autofree char *expected = g_strdup_printf ("\"%" G_GSIZE_FORMAT "\"", size);

      fake_peer_split (fake, size);
      fake_peer_expect (fake, "do", "");
      fake_peer_line (fake, "{\"event\": \"E\", \"data\": {}}");
      fake_peer_reply (fake, expected);
      assert_call ("do", expected);
      assert_seen ("event E");
      g_ptr_array_set_size (seen, 0);
    }
}
END_TEST

/* Two replies, the events between them, and half of the next message in one read. */
START_TEST (many_messages_in_one_read)
{
  Reply a = { 0 };
  Reply b = { 0 };
  Reply c = { 0 };

  send_request ("a", &a);
  send_request ("b", &b);
  fake_peer_expect (fake, "a", "");
  fake_peer_expect (fake, "b", "");
  fake_peer_bytes (
      fake, LITERAL ("{\"event\": \"1\"}\n{\"return\": \"b\", \"id\": 2}\n{\"event\": \"2\"}\n"
                     "{\"return\": \"a\", \"id\": 1}\n{\"event\": \"3\"}\n{\"return\": "));
  await (&a);
  await (&b);
  ck_assert_str_eq (a.result, "\"a\"");
  ck_assert_str_eq (b.result, "\"b\"");
  assert_seen ("event 1, event 2, event 3");
  fake_peer_line (fake, "\"c\", \"id\": 3}");
  fake_peer_expect (fake, "c", "");
  send_request ("c", &c);
  await (&c);
  ck_assert_str_eq (c.result, "\"c\"");
  reply_clear (&a);
  reply_clear (&b);
  reply_clear (&c);
}
END_TEST

/* A line of N bytes: {"event": "E", "pad": "..."} */
static char *
line_of (gsize n)
{
  GString *line = g_string_new ("{\"event\": \"E\", \"pad\": \"");

  while (line->len < n - 2)
    g_string_append_c (line, 'x');
  g_string_append (line, "\"}");
  return g_string_free (line, FALSE);
}

/* PIECE: the newline comes alone, or in one read with the last bytes of the line. */
static void
try_long_line (gsize n, gsize piece, gboolean accepted)
{
  g_autofree char *line = line_of (n);

  fake_peer_split (fake, piece);
  fake_peer_line (fake, line);
  if (accepted)
    {
      fake_peer_serve (fake, "do", "1");
      assert_call ("do", "1");
      assert_seen ("event E");
      return;
    }
  fake_peer_split (fake, 0);
  assert_call_fails ("do", PATIENCE, VQ_ERROR_PEER, "do: peer: a line of more than 1048576 bytes");
  fake_peer_expect (fake, "do", "");
  assert_seen ("closed");
}

static const struct
{
  gssize over;
  gsize piece;
  gboolean accepted;
} long_lines[] = {
  { -1, 16384, TRUE }, { 0, 16384, TRUE },  { 1, 16384, FALSE },
  { 0, 12289, TRUE },  { 1, 12289, FALSE }, { -1, 0, TRUE },
  { 0, 0, TRUE },      { 1, 0, FALSE },     { 10, 0, FALSE },
};

START_TEST (line_limit)
{
  try_long_line (LINE_MAX_BYTES + long_lines[_i].over, long_lines[_i].piece,
                 long_lines[_i].accepted);
}
END_TEST

/* Nothing is kept of a peer that never ends its line. */
START_TEST (endless_line)
{
  g_autofree char *block = g_strnfill (LINE_MAX_BYTES + 1, ' ');
  Reply reply = { 0 };

  send_request ("do", &reply);
  fake_peer_expect (fake, "do", "");
  fake_peer_bytes (fake, block, LINE_MAX_BYTES + 1);
  await (&reply);
  ck_assert_str_eq (reply.error->message, "peer: a line of more than 1048576 bytes");
  reply_clear (&reply);
}
END_TEST

START_TEST (strange_ids)
{
  /* None of these answers request 1, and none ends the connection. */
  static const char *const lines[] = {
    "{\"return\": 0, \"id\": 2}",
    "{\"return\": 0, \"id\": 0}",
    "{\"return\": 0}",
    "{\"return\": 0, \"id\": -1}",
    "{\"error\": {\"desc\": \"no\"}}",
    "{\"return\": 0, \"id\": 99999999999999999999}",
  };
  Reply reply = { 0 };

  send_request ("do", &reply);
  fake_peer_expect (fake, "do", "");
  for (guint i = 0; i < G_N_ELEMENTS (lines); i++)
    fake_peer_line (fake, lines[i]);
  fake_peer_play (fake);
  run_idle ();
  ck_assert_uint_eq (reply.n_calls, 0);
  fake_peer_reply (fake, "1");
  await (&reply);
  ck_assert_str_eq (reply.result, "1");
  assert_seen ("");
  reply_clear (&reply);
}
END_TEST

static const char *const bad_lines[] = {
  "{\"return\": 0, \"id\": \"1\"}",
  "{\"return\": 0, \"id\": null}",
  "{\"return\": 0, \"id\": 1.0}",
  "{\"return\": 0, \"id\": [1]}",
  "no JSON",
  "[]",
  "1",
  "null",
  "{\"return\": 0, \"id\": 1",
  "{\"return\": \"\xc3\", \"id\": 1}",
  "{\"return\": 0, \"id\": 1} /* \" */",
  "\x1b[31m{}",
};

/* Whatever is not the protocol ends the connection: with one printable line. */
START_TEST (bad_line)
{
  Reply reply = { 0 };

  send_request ("do", &reply);
  fake_peer_expect (fake, "do", "");
  fake_peer_line (fake, bad_lines[_i]);
  await (&reply);
  ck_assert (g_error_matches (reply.error, VQ_ERROR, VQ_ERROR_PEER));
  ck_assert (g_str_has_prefix (reply.error->message, "peer: "));
  for (const char *p = reply.error->message; *p != '\0'; p++)
    ck_assert_int_ge ((guchar)*p, ' ');
  assert_seen ("closed");
  reply_clear (&reply);
}
END_TEST

START_TEST (zero_byte_in_a_line)
{
  Reply reply = { 0 };

  send_request ("do", &reply);
  fake_peer_expect (fake, "do", "");
  fake_peer_bytes (fake, LITERAL ("{\"return\": 0, \"id\": 1}\0\n"));
  await (&reply);
  ck_assert_ptr_nonnull (reply.error);
  reply_clear (&reply);
}
END_TEST

START_TEST (late_reply)
{
  fake_peer_expect (fake, "slow", "");
  assert_call_fails ("slow", 0.05, VQ_ERROR_TIMEOUT, "no answer of peer to slow within 0.0");
  fake_peer_expect (fake, "next", "");
  fake_peer_reply_to (fake, 0, "\"late\"");
  fake_peer_reply_to (fake, 1, "\"right\"");
  fake_peer_reply_to (fake, 0, "\"later\"");
  assert_call ("next", "\"right\"");
}
END_TEST

START_TEST (forgotten_request)
{
  Reply forgotten = { 0 };
  gint64 id = send_request ("a", &forgotten);

  vq_json_peer_forget (peer, id);
  vq_json_peer_forget (peer, id);
  vq_json_peer_forget (peer, 12345);
  fake_peer_serve (fake, "a", "1");
  fake_peer_serve (fake, "b", "2");
  assert_call ("b", "2");
  ck_assert_uint_eq (forgotten.n_calls, 0);
}
END_TEST

START_TEST (second_reply_to_one_request)
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
END_TEST

/* Each pending request fails once, after the closed handler, and so does what is sent later. */
START_TEST (death_in_mid_message)
{
  Reply replies[5] = { 0 };
  Reply after = { 0 };

  for (guint i = 0; i < G_N_ELEMENTS (replies); i++)
    {
      send_request ("do", &replies[i]);
      fake_peer_expect (fake, "do", "");
    }
  fake_peer_reply_to (fake, 2, "1");
  fake_peer_bytes (fake, LITERAL ("{\"return\": 1, \"id\": 1"));
  fake_peer_close (fake);
  for (guint i = 0; i < G_N_ELEMENTS (replies); i++)
    await (&replies[i]);
  assert_seen ("closed");
  send_request ("after", &after);
  await (&after);
  run_idle ();
  for (guint i = 0; i < G_N_ELEMENTS (replies); i++)
    {
      ck_assert_uint_eq (replies[i].n_calls, 1);
      if (i == 2)
        ck_assert_str_eq (replies[i].result, "1");
      else
        ck_assert_str_eq (replies[i].error->message, "peer: connection closed");
      reply_clear (&replies[i]);
    }
  ck_assert_str_eq (after.error->message, "peer: connection closed");
  assert_seen ("closed");
  reply_clear (&after);
}
END_TEST

/* What the peer said before it went is heard, though writing to it fails first. */
START_TEST (last_words_before_broken_pipe)
{
  static const char last_words[] = "{\"return\": 1, \"id\": 1}\n{\"event\": \"BYE\"}\n";
  Reply replies[2] = { 0 };
  int ends[2];
  VqJsonPeer *mine;

  ck_assert_int_eq (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  mine = vq_json_peer_new (ends[0], "mine");
  vq_json_peer_set_handlers (mine, on_event, on_closed, &seen);
  ck_assert_int_eq (send (ends[1], last_words, strlen (last_words), 0),
                    (gssize)strlen (last_words));
  close (ends[1]);
  for (guint i = 0; i < G_N_ELEMENTS (replies); i++)
    vq_json_peer_send (mine, "do", NULL, on_reply, &replies[i]);
  await (&replies[0]);
  await (&replies[1]);
  ck_assert_str_eq (replies[0].result, "1");
  ck_assert_str_eq (replies[1].error->message, "mine: connection closed");
  assert_seen ("event BYE, closed");
  reply_clear (&replies[0]);
  reply_clear (&replies[1]);
  vq_json_peer_free (mine);
}
END_TEST

typedef struct
{
  Reply reply;
  Reply again;
} Chain;

static void
ask_again (JsonNode *result, const GError *error, gpointer data)
{
  Chain *chain = data;

  on_reply (result, error, &chain->reply);
  send_request ("again", &chain->again);
}

/* From a callback a new request may be sent: it fails later, not at once and not for ever. */
START_TEST (request_from_failing_callback)
{
  Chain chain = { 0 };

  vq_json_peer_send (peer, "do", NULL, ask_again, &chain);
  fake_peer_expect (fake, "do", "");
  fake_peer_close (fake);
  await (&chain.again);
  ck_assert_uint_eq (chain.reply.n_calls, 1);
  ck_assert_ptr_nonnull (chain.again.error);
  reply_clear (&chain.reply);
  reply_clear (&chain.again);
}
END_TEST

START_TEST (failing_what_is_pending)
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
END_TEST

/* Pending requests of a peer that is freed are never called. */
START_TEST (freed_with_requests_pending)
{
  FakePeer *other;
  int fd;
  VqJsonPeer *mine;
  Reply reply = { 0 };

  for (guint closed = 0; closed < 2; closed++)
    {
      other = fake_peer_new (&fd);
      mine = vq_json_peer_new (fd, "mine");
      vq_json_peer_send (mine, "do", NULL, on_reply, &reply);
      fake_peer_expect (other, "do", "");
      if (closed)
        fake_peer_close (other);
      fake_peer_end (other); /* closes it anyway */
      if (closed)
        g_main_context_iteration (NULL, FALSE);
      vq_json_peer_free (mine);
      run_idle ();
      ck_assert_uint_eq (reply.n_calls, 0);
    }
}
END_TEST

static void
free_from_reply (JsonNode *result, const GError *error, gpointer data)
{
  g_clear_pointer ((VqJsonPeer **)data, vq_json_peer_free);
}

static void
free_from_event (JsonObject *message, gpointer data)
{
  g_clear_pointer ((VqJsonPeer **)data, vq_json_peer_free);
}

static void
free_from_closed (const GError *error, gpointer data)
{
  g_clear_pointer ((VqJsonPeer **)data, vq_json_peer_free);
  ck_assert_str_eq (error->message, "mine: connection closed");
}

static gboolean
is_gone (gpointer data)
{
  return *(VqJsonPeer **)data == NULL;
}

/* By a reply, an event, the end of the connection, a reply that fails at the end: with more bytes
 * already read, and with more requests pending. */
START_TEST (freed_by_its_callback)
{
  for (guint way = 0; way < 4; way++)
    {
      int fd;
      FakePeer *other = fake_peer_new (&fd);
      VqJsonPeer *mine = vq_json_peer_new (fd, "mine");

      vq_json_peer_set_handlers (mine, way == 1 ? free_from_event : NULL,
                                 way == 2 ? free_from_closed : NULL, &mine);
      for (guint i = 0; i < 3; i++)
        {
          vq_json_peer_send (mine, "do", NULL, way == 1 || way == 2 ? NULL : free_from_reply,
                             &mine);
          fake_peer_expect (other, "do", "");
        }
      if (way < 2)
        fake_peer_bytes (other, LITERAL ("{\"event\": \"E\"}\n{\"return\": 1, \"id\": 1}\n"
                                         "{\"return\": 1, \"id\": 2}\nbad\n"));
      else
        fake_peer_close (other);
      ck_assert (vq_wait_until (is_gone, &mine, vq_deadline_in (PATIENCE), NULL, "it", NULL));
      fake_peer_end (other);
    }
}
END_TEST

/* 0xFF makes the rest of a half message void, and nothing else; also when all of it is one read. */
START_TEST (resynchronisation)
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
END_TEST

START_TEST (raw_bytes)
{
  vq_json_peer_send_raw (peer, "\xff", 1);
  fake_peer_expect_bytes (fake, "\xff", 1);
  fake_peer_serve (fake, "do", "1");
  assert_call ("do", "1");
}
END_TEST

/* The peer does not read: nothing waits, nothing is lost, all comes in order once it reads. */
START_TEST (full_socket)
{
  g_autofree char *big = g_strnfill (50000, 'x');
  g_autofree char *arguments = g_strdup_printf ("{\"a\": \"%s\"}", big);
  Reply replies[40] = { 0 };

  for (guint i = 0; i < G_N_ELEMENTS (replies); i++)
    {
      vq_json_peer_send (peer, "do", vq_json_build ("a", "s", big, NULL), on_reply, &replies[i]);
      run_idle ();
    }
  for (guint i = 0; i < G_N_ELEMENTS (replies); i++)
    {
      fake_peer_expect (fake, "do", arguments);
      fake_peer_reply (fake, "1");
    }
  for (guint i = 0; i < G_N_ELEMENTS (replies); i++)
    {
      await (&replies[i]);
      ck_assert_str_eq (replies[i].result, "1");
      reply_clear (&replies[i]);
    }
}
END_TEST

/* The peer dies while we have bytes for it. */
START_TEST (death_with_full_socket)
{
  g_autofree char *big = g_strnfill (1000000, 'x');
  Reply reply = { 0 };

  vq_json_peer_send (peer, "do", vq_json_build ("a", "s", big, NULL), on_reply, &reply);
  fake_peer_close (fake);
  await (&reply);
  ck_assert_ptr_nonnull (reply.error);
  assert_seen ("closed");
  reply_clear (&reply);
}
END_TEST

/* What an error says is a stranger's text. */
START_TEST (error_replies)
{
  g_autofree char *endless = g_strnfill (5000, 'z');
  g_autofree char *cut = g_strndup (endless, 500);
  g_autofree char *shown = g_strdup_printf ("do: peer: ...%s", cut);
  const char *const cases[][2] = {
    { "no such command", "do: peer: no such command" },
    { "\x1b[2Jtwo\r\nlines\ttab\x7f", "do: peer: [2Jtwo lines tab" },
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
END_TEST

START_TEST (errors_of_wrong_types)
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
END_TEST

START_TEST (cancelled_call)
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
END_TEST

/* No handlers, no callback, nobody interested in the result. */
START_TEST (nobody_listens)
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
END_TEST

static Suite *
make_suite (void)
{
  const TTest *tests[] = {
    call_with_arguments,
    kinds_of_results,
    every_split,
    many_messages_in_one_read,
    endless_line,
    strange_ids,
    zero_byte_in_a_line,
    late_reply,
    forgotten_request,
    second_reply_to_one_request,
    death_in_mid_message,
    last_words_before_broken_pipe,
    failing_what_is_pending,
    request_from_failing_callback,
    resynchronisation,
    freed_with_requests_pending,
    raw_bytes,
    full_socket,
    death_with_full_socket,
    error_replies,
    errors_of_wrong_types,
    cancelled_call,
    nobody_listens,
    freed_by_its_callback,
  };
  Suite *suite = suite_create ("json-peer");
  TCase *tcase = tcase_create ("json-peer");

  tcase_add_checked_fixture (tcase, set_up, tear_down);
  tcase_set_timeout (tcase, 60);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    tcase_add_test (tcase, tests[i]);
  tcase_add_loop_test (tcase, line_limit, 0, G_N_ELEMENTS (long_lines));
  tcase_add_loop_test (tcase, bad_line, 0, G_N_ELEMENTS (bad_lines));
  suite_add_tcase (suite, tcase);
  return suite;
}

int
main (void)
{
  SRunner *runner = srunner_create (make_suite ());
  int n_failed;

  srunner_run_all (runner, CK_ENV);
  n_failed = srunner_ntests_failed (runner);
  srunner_free (runner);
  return n_failed != 0;
}
