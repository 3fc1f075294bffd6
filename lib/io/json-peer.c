// SPDX-License-Identifier: GPL-2.0-or-later
#include "io/json-peer.h"

#include <errno.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/json.h"
#include "io/send-queue.h"
#include "base/text.h"

/* Longer than any reply that we ask for; only QMP's query-qmp-schema, which we do not use, gives
 * more. */
#define LINE_MAX_BYTES (1024 * 1024)
#define TOO_LONG "a line of more than %d bytes"
#define RESYNC 0xFF

/* Counts references, because a callback may free the peer that is calling it. */
struct _VqJsonPeer
{
  char *name;
  gboolean freed;
  int fd; /* owned */
  guint read_id;
  GByteArray *in;
  gsize scanned; /* so many bytes of IN have been searched and hold no newline */
  VqSendQueue *out;
  gint64 last_id;
  GHashTable *pending; /* id -> Pending */
  int send_errnum;     /* why nothing can be sent any more, or 0 */
  GError *closed;      /* why the connection ended */
  guint closed_id;
  VqJsonEvent on_event;
  VqJsonClosed on_closed;
  gpointer handler_data;
};

typedef struct
{
  gint64 id;
  VqJsonReply reply;
  gpointer data;
} Pending;

static void
answer (VqJsonPeer *peer, gint64 id, JsonNode *result, const GError *error)
{
  Pending *pending = g_hash_table_lookup (peer->pending, &id);

  if (pending == NULL)
    return; /* a late reply to a request that was forgotten */
  g_hash_table_steal (peer->pending, &id);
  if (pending->reply != NULL)
    pending->reply (result, error, pending->data);
  g_free (pending);
}

static void
clear (gpointer data)
{
  VqJsonPeer *peer = data;

  g_hash_table_unref (peer->pending);
  g_byte_array_unref (peer->in);
  g_clear_error (&peer->closed);
  g_free (peer->name);
}

static void
release (VqJsonPeer *peer)
{
  g_rc_box_release_full (peer, clear);
}

void
vq_json_peer_fail_pending (VqJsonPeer *peer, const GError *error)
{
  g_autoptr (GList) ids = g_hash_table_get_keys (peer->pending);
  g_autoptr (GArray) copy = g_array_new (FALSE, FALSE, sizeof (gint64));

  g_rc_box_acquire (peer);
  for (GList *l = ids; l != NULL; l = l->next)
    g_array_append_vals (copy, l->data, 1);
  for (guint i = 0; i < copy->len; i++)
    answer (peer, g_array_index (copy, gint64, i), NULL, error);
  release (peer);
}

static void
stop_sources (VqJsonPeer *peer)
{
  g_clear_handle_id (&peer->read_id, g_source_remove);
  vq_send_queue_clear (peer->out);
}

/* Tells everyone that the connection has ended. Runs from the main loop, so no callback comes from
 * inside a call of the user's. */
static gboolean
tell_closed (gpointer data)
{
  VqJsonPeer *peer = g_rc_box_acquire (data);

  peer->closed_id = 0;
  if (peer->on_closed != NULL)
    {
      VqJsonClosed on_closed = g_steal_pointer (&peer->on_closed);

      on_closed (peer->closed, peer->handler_data);
    }
  vq_json_peer_fail_pending (peer, peer->closed);
  release (peer);
  return G_SOURCE_REMOVE;
}

static void G_GNUC_PRINTF (2, 3) close_with (VqJsonPeer *peer, const char *format, ...)
{
  g_autofree char *why = NULL;
  va_list args;

  if (peer->closed != NULL || peer->freed)
    return;
  stop_sources (peer);
  va_start (args, format);
  why = g_strdup_vprintf (format, args);
  va_end (args);
  vq_error_set (&peer->closed, VQ_ERROR_PEER, "%s: %s", peer->name, why);
  peer->closed_id = g_idle_add_full (G_PRIORITY_DEFAULT, tell_closed, peer, NULL);
}

static GError *
error_from_reply (VqJsonPeer *peer, JsonObject *message)
{
  g_autoptr (GError) error = NULL;
  JsonObject *object = NULL;
  const char *description = "an error without a description";
  g_autofree char *text = NULL;

  if (vq_json_get_object (message, "error", &object, NULL) && object != NULL)
    (void)!vq_json_get_string (object, "desc", description, &description, NULL);
  text = vq_text_printable (description, strlen (description), 500);
  vq_error_set (&error, VQ_ERROR_PEER, "%s: %s", peer->name, text);
  return g_steal_pointer (&error);
}

static void
handle_message (VqJsonPeer *peer, JsonObject *message)
{
  gint64 id = 0;

  if (!vq_json_get_int (message, "id", 0, &id, NULL))
    return close_with (peer, "a reply with a bad id");
  if (json_object_has_member (message, "return"))
    return answer (peer, id, json_object_get_member (message, "return"), NULL);
  if (json_object_has_member (message, "error"))
    {
      g_autoptr (GError) error = error_from_reply (peer, message);

      return answer (peer, id, NULL, error);
    }
  if (peer->on_event != NULL)
    peer->on_event (message, peer->handler_data);
}

static void
handle_line (VqJsonPeer *peer, const char *line, gsize length)
{
  const char *mark = memrchr (line, RESYNC, length);
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) node = NULL;

  if (mark != NULL)
    {
      length -= mark + 1 - line;
      line = mark + 1;
    }
  if (length == 0 || (length == 1 && line[0] == '\r'))
    return;
  g_debug ("%s < %.*s", peer->name, (int)MIN (length, 400), line);
  node = vq_json_parse_object (line, length, &error);
  if (node == NULL)
    close_with (peer, "%s", error->message);
  else
    handle_message (peer, json_node_get_object (node));
}

static void
handle_input (VqJsonPeer *peer)
{
  guint8 *newline;

  while (peer->closed == NULL && !peer->freed && peer->in->len > 0
         && (newline = memchr (peer->in->data + peer->scanned, '\n', peer->in->len - peer->scanned))
                != NULL)
    {
      gsize length = newline - peer->in->data;
      g_autofree char *line = g_strndup ((const char *)peer->in->data, length);

      g_byte_array_remove_range (peer->in, 0, length + 1);
      peer->scanned = 0;
      if (length > LINE_MAX_BYTES)
        close_with (peer, TOO_LONG, LINE_MAX_BYTES);
      else
        handle_line (peer, line, length);
    }
  peer->scanned = peer->in->len;
  if (peer->in->len > LINE_MAX_BYTES)
    close_with (peer, TOO_LONG, LINE_MAX_BYTES);
}

/* Reads once. Returns FALSE if nothing more is there now. */
static gboolean
take_some (VqJsonPeer *peer)
{
  guint8 buffer[16384];
  gssize n = read (peer->fd, buffer, sizeof buffer);
  int errnum = n < 0 ? errno : 0;

  if (errnum == EAGAIN || errnum == EINTR)
    return FALSE;
  if (n > 0)
    {
      g_byte_array_append (peer->in, buffer, n);
      handle_input (peer);
      return TRUE;
    }
  /* That the peer has gone away is no news. */
  if (n == 0 && peer->send_errnum != EPIPE)
    errnum = peer->send_errnum;
  close_with (peer, "connection closed%s%s", errnum != 0 ? ": " : "",
              errnum != 0 ? g_strerror (errnum) : "");
  if (peer->closed != NULL)
    vq_error_note_errno (peer->closed, errnum);
  return FALSE;
}

static gboolean
on_readable (int fd, GIOCondition events, gpointer data)
{
  VqJsonPeer *peer = g_rc_box_acquire (data);

  take_some (peer);
  release (peer);
  return G_SOURCE_CONTINUE;
}

void
vq_json_peer_drain (VqJsonPeer *peer)
{
  g_rc_box_acquire (peer);
  while (!peer->freed && peer->closed == NULL && take_some (peer))
    ;
  release (peer);
}

/* A peer that takes no more may have said why: what it said last is still read, and then the end of
 * the connection. */
static void
on_send_failed (int errnum, gpointer data)
{
  VqJsonPeer *peer = data;

  peer->send_errnum = errnum;
  shutdown (peer->fd, SHUT_RDWR);
}

VqJsonPeer *
vq_json_peer_new (int fd, const char *name)
{
  VqJsonPeer *peer = g_rc_box_new0 (VqJsonPeer);

  peer->name = g_strdup (name);
  peer->fd = fd;
  peer->in = g_byte_array_new ();
  peer->out = vq_send_queue_new (fd, on_send_failed, peer);
  peer->pending = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, g_free);
  g_unix_set_fd_nonblocking (fd, TRUE, NULL);
  peer->read_id = g_unix_fd_add (fd, G_IO_IN | G_IO_HUP, on_readable, peer);
  return peer;
}

void
vq_json_peer_free (VqJsonPeer *peer)
{
  if (peer == NULL)
    return;
  stop_sources (peer);
  g_clear_handle_id (&peer->closed_id, g_source_remove);
  vq_send_queue_free (peer->out);
  close (peer->fd);
  g_hash_table_remove_all (peer->pending);
  peer->freed = TRUE;
  release (peer);
}

void
vq_json_peer_set_handlers (VqJsonPeer *peer, VqJsonEvent event, VqJsonClosed closed, gpointer data)
{
  peer->on_event = event;
  peer->on_closed = closed;
  peer->handler_data = data;
}

void
vq_json_peer_attach_fd (VqJsonPeer *peer, int fd)
{
  vq_send_queue_pass_fd (peer->out, fd);
}

void
vq_json_peer_send_raw (VqJsonPeer *peer, const char *bytes, gsize n)
{
  if (peer->closed == NULL)
    vq_send_queue_add (peer->out, &(struct iovec){ (void *)bytes, n }, 1);
}

static char *
encode_request (const char *command, JsonNode *arguments, gint64 id, gsize *length)
{
  g_autoptr (JsonNode) request = vq_json_build ("execute", "s", command, "id", "i", id, NULL);
  char *text;

  if (arguments != NULL)
    json_object_set_member (json_node_get_object (request), "arguments", arguments);
  text = json_to_string (request, FALSE);
  *length = strlen (text);
  text[(*length)++] = '\n'; /* replaces the terminating NUL */
  return text;
}

gint64
vq_json_peer_send (VqJsonPeer *peer, const char *command, JsonNode *arguments, VqJsonReply reply,
                   gpointer data)
{
  Pending *pending = g_new0 (Pending, 1);
  gsize length;
  g_autofree char *text = NULL;

  pending->id = ++peer->last_id;
  pending->reply = reply;
  pending->data = data;
  g_hash_table_insert (peer->pending, &pending->id, pending);
  text = encode_request (command, arguments, pending->id, &length);
  g_debug ("%s > %.*s", peer->name, (int)MIN (length - 1, 400), text);
  if (peer->closed == NULL)
    vq_json_peer_send_raw (peer, text, length);
  else if (peer->closed_id == 0)
    peer->closed_id = g_idle_add_full (G_PRIORITY_DEFAULT, tell_closed, peer, NULL);
  return peer->last_id;
}

/* A call that is waited for. */
typedef struct
{
  gboolean done;
  JsonNode *result;
  GError *error;
} Call;

static void
take_reply (JsonNode *result, const GError *error, gpointer data)
{
  Call *call = data;

  call->done = TRUE;
  call->result = result != NULL ? json_node_ref (result) : NULL;
  call->error = error != NULL ? g_error_copy (error) : NULL;
}

static gboolean
is_done (gpointer data)
{
  return ((Call *)data)->done;
}

static gboolean
finish_call (Call *call, const char *command, JsonNode **result, GError **error)
{
  if (call->error != NULL)
    {
      g_propagate_prefixed_error (error, call->error, "%s: ", command);
      return FALSE;
    }
  if (result != NULL)
    *result = call->result;
  else
    g_clear_pointer (&call->result, json_node_unref);
  return TRUE;
}

gboolean
vq_json_peer_call (VqJsonPeer *peer, const char *command, JsonNode *arguments, JsonNode **result,
                   gint64 deadline, VqCancel *cancel, GError **error)
{
  g_autofree char *what = g_strdup_printf ("answer of %s to %s", peer->name, command);
  Call call = { FALSE, NULL, NULL };
  gint64 id = vq_json_peer_send (peer, command, arguments, take_reply, &call);

  if (!vq_wait_until (is_done, &call, deadline, cancel, what, error))
    {
      g_hash_table_remove (peer->pending, &id); /* a late answer is dropped */
      return FALSE;
    }
  return finish_call (&call, command, result, error);
}
