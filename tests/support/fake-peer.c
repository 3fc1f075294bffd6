// SPDX-License-Identifier: GPL-2.0-or-later
#include "fake-peer.h"

#include <check.h>
#include <errno.h>
#include <glib-unix.h>
#include <json-glib/json-glib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/wait.h"

#define PATIENCE 10 /* seconds for a whole script */

typedef enum
{
  EXPECT,
  EXPECT_BYTES,
  SEND,
  REPLY,
  ERROR,
  SPLIT,
  DELAY,
  CLOSE,
} Kind;

static const char *const kind_names[] = {
  "expect", "expect bytes", "send", "reply", "error", "split", "delay", "close",
};

/* One item of the script. */
typedef struct
{
  Kind kind;
  GString *text;   /* command, bytes, result or description */
  char *arguments; /* EXPECT only; may be NULL */
  gint64 number;   /* a request's index, -1 for the last; a size; milliseconds */
} Item;

struct _FakePeer
{
  int fd;         /* owned, -1 once closed */
  guint source;   /* what the script waits for */
  GQueue *script; /* of Item */
  GString *in;
  GString *out;
  gsize piece;    /* the most to send at once, 0: no limit */
  GPtrArray *ids; /* "id" of each request that came, as JSON text */
};

static void arm (FakePeer *peer);

static void
item_free (Item *item)
{
  g_string_free (item->text, TRUE);
  g_free (item->arguments);
  g_free (item);
}

static char *
describe (const Item *item)
{
  return g_strdup_printf ("%s `%.*s'", kind_names[item->kind], (int)MIN (item->text->len, 200),
                          item->text->str);
}

/* Takes what has come; at the end of the stream the script has failed. */
static void
read_more (FakePeer *peer, const Item *item)
{
  char buffer[65536];
  gssize n = recv (peer->fd, buffer, sizeof buffer, MSG_DONTWAIT);
  g_autofree char *what = describe (item);

  if (n > 0)
    g_string_append_len (peer->in, buffer, n);
  else if (n == 0 || errno != EAGAIN)
    ck_abort_msg ("fake peer: the connection ended at: %s", what);
}

static void
assert_arguments (const char *expected, JsonObject *request)
{
  JsonNode *actual = json_object_get_member (request, "arguments");
  g_autofree char *text = actual != NULL ? json_to_string (actual, FALSE) : g_strdup ("");
  g_autoptr (JsonNode) wanted = NULL;

  if (expected == NULL)
    return;
  wanted = expected[0] != '\0' ? json_from_string (expected, NULL) : NULL;
  ck_assert_msg (wanted != NULL && actual != NULL ? json_node_equal (wanted, actual)
                                                  : wanted == NULL && actual == NULL,
                 "fake peer: arguments `%s', not `%s'", text, expected);
}

static void
check_request (FakePeer *peer, const Item *item, const char *line)
{
  g_autoptr (JsonNode) node = json_from_string (line, NULL);
  JsonObject *request;

  ck_assert_msg (node != NULL && JSON_NODE_HOLDS_OBJECT (node), "fake peer: got `%s'", line);
  request = json_node_get_object (node);
  ck_assert_msg (g_strcmp0 (json_object_get_string_member_with_default (request, "execute", NULL),
                            item->text->str)
                     == 0,
                 "fake peer: got `%s', not %s", line, item->text->str);
  ck_assert_msg (json_object_has_member (request, "id"), "fake peer: no id: %s", line);
  assert_arguments (item->arguments, request);
  g_ptr_array_add (peer->ids, json_to_string (json_object_get_member (request, "id"), FALSE));
}

/* These return FALSE when more has to come first. */
static gboolean
expect_request (FakePeer *peer, const Item *item)
{
  char *newline = memchr (peer->in->str, '\n', peer->in->len);
  g_autofree char *line = NULL;

  if (newline == NULL)
    return FALSE;
  line = g_strndup (peer->in->str, newline - peer->in->str);
  g_string_erase (peer->in, 0, newline + 1 - peer->in->str);
  check_request (peer, item, line);
  return TRUE;
}

static gboolean
expect_bytes (FakePeer *peer, const Item *item)
{
  if (peer->in->len < item->text->len)
    return FALSE;
  ck_assert_mem_eq (peer->in->str, item->text->str, item->text->len);
  g_string_erase (peer->in, 0, item->text->len);
  return TRUE;
}

static const char *
get_id (FakePeer *peer, const Item *item)
{
  guint index = item->number >= 0 ? (guint)item->number : peer->ids->len - 1;

  ck_assert_uint_lt (index, peer->ids->len);
  return g_ptr_array_index (peer->ids, index);
}

static void
send_error (FakePeer *peer, const Item *item)
{
  g_autoptr (JsonNode) node = json_node_init_string (json_node_alloc (), item->text->str);
  g_autofree char *description = json_to_string (node, FALSE);

  g_string_append_printf (peer->out,
                          "{\"error\": {\"class\": \"GenericError\", \"desc\": %s}, \"id\": %s}\n",
                          description, get_id (peer, item));
}

static void
close_fd (FakePeer *peer)
{
  close (peer->fd);
  peer->fd = -1;
}

/* FALSE when the item has to wait. */
static gboolean
play_item (FakePeer *peer, const Item *item)
{
  if (item->kind == EXPECT)
    return expect_request (peer, item);
  if (item->kind == EXPECT_BYTES)
    return expect_bytes (peer, item);
  if (item->kind == DELAY)
    return FALSE;
  if (item->kind == SEND)
    g_string_append_len (peer->out, item->text->str, item->text->len);
  else if (item->kind == REPLY)
    g_string_append_printf (peer->out, "{\"return\": %s, \"id\": %s}\n", item->text->str,
                            get_id (peer, item));
  else if (item->kind == ERROR)
    send_error (peer, item);
  else if (item->kind == SPLIT)
    peer->piece = item->number;
  else
    close_fd (peer);
  return TRUE;
}

static void
next_item (FakePeer *peer)
{
  item_free (g_queue_pop_head (peer->script));
}

static void
send_piece (FakePeer *peer)
{
  gsize size = peer->piece != 0 ? MIN (peer->piece, peer->out->len) : peer->out->len;
  gssize n = send (peer->fd, peer->out->str, size, MSG_DONTWAIT | MSG_NOSIGNAL);

  ck_assert_msg (n > 0 || errno == EAGAIN, "fake peer: cannot send: %s", g_strerror (errno));
  if (n > 0)
    g_string_erase (peer->out, 0, n);
}

/* All that can be done now. */
static void
play (FakePeer *peer)
{
  Item *item;

  peer->source = 0;
  if (peer->out->len > 0)
    send_piece (peer);
  while (peer->out->len == 0 && (item = g_queue_peek_head (peer->script)) != NULL
         && play_item (peer, item))
    next_item (peer);
  arm (peer);
}

static gboolean
on_writable (int fd, GIOCondition events, gpointer data)
{
  play (data);
  return G_SOURCE_REMOVE;
}

static gboolean
on_readable (int fd, GIOCondition events, gpointer data)
{
  FakePeer *peer = data;

  read_more (peer, g_queue_peek_head (peer->script));
  play (peer);
  return G_SOURCE_REMOVE;
}

static gboolean
on_idle (gpointer data)
{
  play (data);
  return G_SOURCE_REMOVE;
}

static gboolean
on_delay_over (gpointer data)
{
  FakePeer *peer = data;

  next_item (peer);
  play (peer);
  return G_SOURCE_REMOVE;
}

/* Low priority: the other side, in the same context, always gets to read a piece before we send the
 * next. */
static void
arm (FakePeer *peer)
{
  Item *item = g_queue_peek_head (peer->script);

  if (peer->source != 0)
    return;
  if (peer->out->len > 0)
    peer->source = g_unix_fd_add_full (G_PRIORITY_LOW, peer->fd, G_IO_OUT, on_writable, peer, NULL);
  else if (item == NULL)
    return;
  else if (item->kind == DELAY)
    peer->source = g_timeout_add (item->number, on_delay_over, peer);
  else if (item->kind == EXPECT || item->kind == EXPECT_BYTES)
    peer->source = g_unix_fd_add_full (G_PRIORITY_LOW, peer->fd, G_IO_IN, on_readable, peer, NULL);
  else
    peer->source = g_idle_add_full (G_PRIORITY_LOW, on_idle, peer, NULL);
}

FakePeer *
fake_peer_new (int *fd)
{
  FakePeer *peer = g_new0 (FakePeer, 1);
  int ends[2];

  ck_assert_int_eq (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  *fd = ends[0];
  peer->fd = ends[1];
  peer->script = g_queue_new ();
  peer->in = g_string_new (NULL);
  peer->out = g_string_new (NULL);
  peer->ids = g_ptr_array_new_with_free_func (g_free);
  return peer;
}

static gboolean
is_played (gpointer data)
{
  FakePeer *peer = data;

  return g_queue_is_empty (peer->script) && peer->out->len == 0;
}

void
fake_peer_play (FakePeer *peer)
{
  if (!vq_wait_until (is_played, peer, vq_deadline_in (PATIENCE), NULL, "end of the script", NULL))
    {
      Item *item = g_queue_peek_head (peer->script);
      g_autofree char *what = item != NULL ? describe (item) : g_strdup ("bytes that nobody reads");

      ck_abort_msg ("fake peer: stuck at: %s", what);
    }
}

static void
assert_nothing_unexpected (FakePeer *peer)
{
  char buffer[200];
  gssize n = 0;

  ck_assert_msg (peer->in->len == 0, "fake peer: unexpected: %s", peer->in->str);
  if (peer->fd >= 0)
    n = recv (peer->fd, buffer, sizeof buffer, MSG_DONTWAIT);
  ck_assert_msg (n <= 0, "fake peer: unexpected: %.*s", (int)n, buffer);
}

void
fake_peer_end (FakePeer *peer)
{
  fake_peer_play (peer);
  assert_nothing_unexpected (peer);
  if (peer->fd >= 0)
    close_fd (peer);
  g_queue_free (peer->script);
  g_string_free (peer->in, TRUE);
  g_string_free (peer->out, TRUE);
  g_ptr_array_unref (peer->ids);
  g_free (peer);
}

static Item *
add (FakePeer *peer, Kind kind, const char *bytes, gsize n, gint64 number)
{
  Item *item = g_new0 (Item, 1);

  item->kind = kind;
  item->text = g_string_new_len (bytes, n);
  item->number = number;
  g_queue_push_tail (peer->script, item);
  arm (peer);
  return item;
}

void
fake_peer_expect (FakePeer *peer, const char *command, const char *arguments)
{
  add (peer, EXPECT, command, strlen (command), 0)->arguments = g_strdup (arguments);
}

void
fake_peer_expect_bytes (FakePeer *peer, const char *bytes, gsize n)
{
  add (peer, EXPECT_BYTES, bytes, n, 0);
}

void
fake_peer_reply (FakePeer *peer, const char *result)
{
  add (peer, REPLY, result, strlen (result), -1);
}

void
fake_peer_reply_to (FakePeer *peer, guint index, const char *result)
{
  add (peer, REPLY, result, strlen (result), index);
}

void
fake_peer_error (FakePeer *peer, const char *description)
{
  add (peer, ERROR, description, strlen (description), -1);
}

void
fake_peer_serve (FakePeer *peer, const char *command, const char *result)
{
  fake_peer_expect (peer, command, NULL);
  fake_peer_reply (peer, result);
}

void
fake_peer_line (FakePeer *peer, const char *text)
{
  g_string_append_c (add (peer, SEND, text, strlen (text), 0)->text, '\n');
}

void
fake_peer_bytes (FakePeer *peer, const char *bytes, gsize n)
{
  add (peer, SEND, bytes, n, 0);
}

void
fake_peer_split (FakePeer *peer, gsize size)
{
  add (peer, SPLIT, "", 0, size);
}

void
fake_peer_delay (FakePeer *peer, guint milliseconds)
{
  add (peer, DELAY, "", 0, milliseconds);
}

void
fake_peer_close (FakePeer *peer)
{
  add (peer, CLOSE, "", 0, 0);
}
