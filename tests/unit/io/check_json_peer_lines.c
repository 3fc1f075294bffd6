// SPDX-License-Identifier: GPL-2.0-or-later
/* What the peer sends: in pieces, in one, too long, and not the protocol. */
#include <check.h>

#include "json-setup.h"
#include "suite.h"

#define LINE_MAX_BYTES (1024 * 1024) /* as in json-peer.c */

CASE ("lines", json_set_up, json_tear_down, 60)

TEST (every_split)
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

/* Two replies, the events between them, and half of the next message in one read. */
TEST (many_messages_in_one_read)
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

TEST_LOOP (line_limit, 0, G_N_ELEMENTS (long_lines))
{
  try_long_line (LINE_MAX_BYTES + long_lines[_i].over, long_lines[_i].piece,
                 long_lines[_i].accepted);
}

/* Nothing is kept of a peer that never ends its line. */
TEST (endless_line)
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

TEST (strange_ids)
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
TEST_LOOP (bad_line, 0, G_N_ELEMENTS (bad_lines))
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

TEST (zero_byte_in_a_line)
{
  Reply reply = { 0 };

  send_request ("do", &reply);
  fake_peer_expect (fake, "do", "");
  fake_peer_bytes (fake, LITERAL ("{\"return\": 0, \"id\": 1}\0\n"));
  await (&reply);
  ck_assert_ptr_nonnull (reply.error);
  reply_clear (&reply);
}
