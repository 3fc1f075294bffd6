// SPDX-License-Identifier: GPL-2.0-or-later
#include "qemu/qmp.h"

#include "base/error.h"
#include "base/json.h"

struct _VqQmp
{
  VqJsonPeer *peer;
  gboolean greeted;
  GError *closed; /* why the connection has ended */
  VqQmpEvent on_event;
  gpointer user_data;
  char *watched; /* the event for WATCH; NULL: none */
  VqQmpEvent watch;
  gpointer watch_data;
};

static void
on_message (JsonObject *message, gpointer data)
{
  VqQmp *qmp = data;
  g_autoptr (JsonObject) empty = json_object_new ();
  const char *event = NULL;
  JsonObject *event_data = NULL;

  if (json_object_has_member (message, "QMP"))
    qmp->greeted = TRUE;
  if (!vq_json_get_string (message, "event", NULL, &event, NULL) || event == NULL)
    return;
  if (!vq_json_get_object (message, "data", &event_data, NULL) || event_data == NULL)
    event_data = empty;
  if (g_strcmp0 (event, qmp->watched) == 0)
    qmp->watch (event, event_data, qmp->watch_data);
  qmp->on_event (event, event_data, qmp->user_data);
}

static void
on_closed (const GError *error, gpointer data)
{
  ((VqQmp *)data)->closed = g_error_copy (error);
}

VqQmp *
vq_qmp_new (int fd, VqQmpEvent on_event, gpointer user_data)
{
  VqQmp *qmp = g_new0 (VqQmp, 1);

  qmp->on_event = on_event;
  qmp->user_data = user_data;
  qmp->peer = vq_json_peer_new (fd, "QMP");
  vq_json_peer_set_handlers (qmp->peer, on_message, on_closed, qmp);
  return qmp;
}

void
vq_qmp_free (VqQmp *qmp)
{
  if (qmp == NULL)
    return;
  vq_json_peer_free (qmp->peer);
  g_clear_error (&qmp->closed);
  g_free (qmp->watched);
  g_free (qmp);
}

void
vq_qmp_drain (VqQmp *qmp)
{
  vq_json_peer_drain (qmp->peer);
}

static gboolean
is_greeted_or_closed (gpointer data)
{
  VqQmp *qmp = data;

  return qmp->greeted || qmp->closed != NULL;
}

gboolean
vq_qmp_handshake (VqQmp *qmp, gint64 deadline, VqCancel *cancel, GError **error)
{
  if (!vq_wait_until (is_greeted_or_closed, qmp, deadline, cancel, "greeting of QEMU's monitor",
                      error))
    return FALSE;
  if (!qmp->greeted)
    return vq_wait_for_reason (g_error_copy (qmp->closed), deadline, cancel, error);
  return vq_qmp_call (qmp, "qmp_capabilities", NULL, NULL, deadline, cancel, error);
}

gboolean
vq_qmp_call (VqQmp *qmp, const char *command, JsonNode *arguments, JsonNode **result,
             gint64 deadline, VqCancel *cancel, GError **error)
{
  GError *local = NULL;

  if (vq_json_peer_call (qmp->peer, command, arguments, result, deadline, cancel, &local))
    return TRUE;
  if (qmp->closed != NULL && g_error_matches (local, VQ_ERROR, VQ_ERROR_PEER))
    return vq_wait_for_reason (local, deadline, cancel, error);
  g_propagate_error (error, local);
  return FALSE;
}

void
vq_qmp_send (VqQmp *qmp, const char *command, JsonNode *arguments)
{
  vq_json_peer_send (qmp->peer, command, arguments, NULL, NULL);
}

void
vq_qmp_send_fd (VqQmp *qmp, const char *name, int fd)
{
  vq_json_peer_attach_fd (qmp->peer, fd);
  vq_qmp_send (qmp, "getfd", vq_json_build ("fdname", "s", name, NULL));
}

gboolean
vq_qmp_add_fd (VqQmp *qmp, int set, int fd, int *number, gint64 deadline, GError **error)
{
  g_autoptr (JsonNode) result = NULL;
  gint64 value;

  vq_json_peer_attach_fd (qmp->peer, fd);
  if (!vq_qmp_call (qmp, "add-fd", vq_json_build ("fdset-id", "i", (gint64)set, NULL), &result,
                    deadline, NULL, error))
    return FALSE;
  if (number == NULL)
    return TRUE;
  if (!JSON_NODE_HOLDS_OBJECT (result)
      || !vq_json_get_int (json_node_get_object (result), "fd", -1, &value, error))
    return FALSE;
  *number = value;
  return TRUE;
}

void
vq_qmp_watch (VqQmp *qmp, const char *event, VqQmpEvent watch, gpointer data)
{
  g_free (qmp->watched);
  qmp->watched = watch != NULL ? g_strdup (event) : NULL;
  qmp->watch = watch;
  qmp->watch_data = data;
}

gboolean
vq_qmp_human (VqQmp *qmp, const char *line, char **answer, gint64 deadline, VqCancel *cancel,
              GError **error)
{
  g_autoptr (JsonNode) result = NULL;
  JsonNode *arguments = vq_json_build ("command-line", "s", line, NULL);

  if (!vq_qmp_call (qmp, "human-monitor-command", arguments, &result, deadline, cancel, error))
    return FALSE;
  if (json_node_get_value_type (result) != G_TYPE_STRING)
    return vq_error_set (error, VQ_ERROR_PEER, "QMP: human-monitor-command: not a string");
  *answer = g_strdup (json_node_get_string (result));
  return TRUE;
}
