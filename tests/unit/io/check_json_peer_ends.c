// SPDX-License-Identifier: GPL-2.0-or-later
/* The peer goes, is freed, or does not read. */
#include <check.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "json-setup.h"
#include "base/json.h"
#include "suite.h"

CASE ("ends", json_set_up, json_tear_down, 60)

/* Each pending request fails once, after the closed handler, and so does what is sent later. */
TEST (death_in_mid_message)
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

/* What the peer said before it went is heard, though writing to it fails first. */
TEST (last_words_before_broken_pipe)
{
  static const char last_words[] = "{\"return\": 1, \"id\": 1}\n{\"event\": \"BYE\"}\n";
  Reply replies[2] = { 0 };
  int ends[2];
  VqJsonPeer *mine;

  ck_assert_int_eq (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  mine = vq_json_peer_new (ends[0], "mine");
  watch_peer (mine);
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
TEST (request_from_failing_callback)
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

/* Pending requests of a peer that is freed are never called. */
TEST (freed_with_requests_pending)
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
TEST (freed_by_its_callback)
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

/* The peer does not read: nothing waits, nothing is lost, all comes in order once it reads. */
TEST (full_socket)
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

/* The peer dies while we have bytes for it. */
TEST (death_with_full_socket)
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

/* What is there is heard without the main context, up to the end. */
TEST (drained)
{
  static const char lines[] = "{\"event\": \"1\"}\n{\"event\": \"2\"}\n{\"event\": \"3\"";
  g_autoptr (VqJsonPeer) other = NULL;
  int ends[2];

  ck_assert_int_eq (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  other = vq_json_peer_new (ends[0], "other");
  watch_peer (other);
  vq_json_peer_drain (other);
  assert_seen ("");
  ck_assert_int_eq (write (ends[1], lines, sizeof lines - 1), sizeof lines - 1);
  vq_json_peer_drain (other);
  assert_seen ("event 1, event 2");
  ck_assert_int_eq (write (ends[1], "}\n", 2), 2);
  close (ends[1]);
  vq_json_peer_drain (other);
  vq_json_peer_drain (other);
  assert_seen ("event 1, event 2, event 3");
  run_idle ();
  assert_seen ("event 1, event 2, event 3, closed");
}
