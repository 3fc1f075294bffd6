// SPDX-License-Identifier: GPL-2.0-or-later
#include "json-setup.h"

#include <check.h>

#include "base/json.h"
#include "leaks.h"

VqJsonPeer *peer;
FakePeer *fake;
GPtrArray *seen;

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

void
watch_peer (VqJsonPeer *other)
{
  vq_json_peer_set_handlers (other, on_event, on_closed, &seen);
}

void
json_set_up (void)
{
  int fd;

  leaks_begin ();
  fake = fake_peer_new (&fd);
  peer = vq_json_peer_new (fd, "peer");
  seen = g_ptr_array_new_with_free_func (g_free);
  watch_peer (peer);
}

/* The fake first: it looks for what nobody expected. */
void
json_tear_down (void)
{
  fake_peer_end (fake);
  vq_json_peer_free (peer);
  g_ptr_array_unref (seen);
  leaks_assert_none ();
  ck_assert (!g_main_context_pending (NULL));
}

void
assert_seen (const char *expected)
{
  g_autofree char *all = NULL;

  g_ptr_array_add (seen, NULL);
  all = g_strjoinv (", ", (char **)seen->pdata);
  g_ptr_array_remove_index (seen, seen->len - 1);
  ck_assert_str_eq (all, expected);
}

void
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

void
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

void
await (Reply *reply)
{
  ck_assert (vq_wait_until (is_answered, reply, vq_deadline_in (PATIENCE), NULL, "reply", NULL));
  ck_assert_uint_eq (reply->n_calls, 1);
}

gint64
send_request (const char *command, Reply *reply)
{
  gint64 id = vq_json_peer_send (peer, command, NULL, on_reply, reply);

  ck_assert_int_ne (id, 0);
  ck_assert_uint_eq (reply->n_calls, 0);
  return id;
}

void
run_idle (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

void
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

void
assert_call_fails (const char *command, double seconds, VqErrorCode code, const char *message)
{
  g_autoptr (GError) error = NULL;

  ck_assert (
      !vq_json_peer_call (peer, command, NULL, NULL, vq_deadline_in (seconds), NULL, &error));
  ck_assert (g_error_matches (error, VQ_ERROR, code));
  if (!g_str_has_prefix (error->message, message))
    ck_assert_str_eq (error->message, message);
}
