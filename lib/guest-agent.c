// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest-agent.h"

#include <string.h>
#include <sys/wait.h>

#include "error.h"
#include "json.h"
#include "text.h"

/* How long one guest-sync-delimited may go unanswered before it is sent again, in seconds. A
 * slow guest opens the port some time before qemu-ga reads from it. */
#define SYNC_AGAIN 3

/* guest-exec-status is asked again after 2 ms, then ever more slowly, up to this many ms. */
#define STATUS_PAUSE_MAX 100

#define RUN_OUTPUT_MAX (256 * 1024)

struct _VqGuestAgent
{
  VqJsonPeer *peer;
  gboolean open;       /* the guest has its side of the port open */
  gboolean closed;     /* the socket to QEMU has ended */
  gboolean needs_sync; /* a reply may still be under way */
  GQueue refused;      /* Refusal, owned: requests made while the port is closed */
  gint64 last_refused; /* their numbers count downwards from -1 */
  guint refuse_id;
};

/* A request that is not sent, as it would wait in the port and be carried out by the next agent,
 * after the guest has booted again. */
typedef struct
{
  gint64 id;
  VqJsonReply reply;
  gpointer data;
} Refusal;

static void
on_closed (const GError *error, gpointer data)
{
  VqGuestAgent *agent = data;

  agent->closed = TRUE;
}

VqGuestAgent *
vq_guest_agent_new (int fd)
{
  VqGuestAgent *agent = g_new0 (VqGuestAgent, 1);

  agent->peer = vq_json_peer_new (fd, "guest agent");
  agent->needs_sync = TRUE;
  vq_json_peer_set_handlers (agent->peer, NULL, on_closed, agent);
  return agent;
}

void
vq_guest_agent_free (VqGuestAgent *agent)
{
  if (agent == NULL)
    return;
  g_clear_handle_id (&agent->refuse_id, g_source_remove);
  g_queue_clear_full (&agent->refused, g_free);
  vq_json_peer_free (agent->peer);
  g_free (agent);
}

static GError *
gone_error (void)
{
  return g_error_new (VQ_ERROR, VQ_ERROR_PEER,
                      "guest agent: it has gone away (stopped in the guest)");
}

void
vq_guest_agent_set_open (VqGuestAgent *agent, gboolean open)
{
  g_autoptr (GError) error = gone_error ();

  agent->open = open;
  agent->needs_sync = TRUE;
  if (!open)
    vq_json_peer_fail_pending (agent->peer, error);
}

static void tell_refused_later (VqGuestAgent *agent);

/* One at a time: the handler may free us. */
static gboolean
tell_refused (gpointer data)
{
  VqGuestAgent *agent = data;
  g_autofree Refusal *refusal = g_queue_pop_head (&agent->refused);
  g_autoptr (GError) error = gone_error ();

  agent->refuse_id = 0;
  if (!g_queue_is_empty (&agent->refused))
    tell_refused_later (agent);
  if (refusal->reply != NULL)
    refusal->reply (NULL, error, refusal->data);
  return G_SOURCE_REMOVE;
}

static void
tell_refused_later (VqGuestAgent *agent)
{
  if (agent->refuse_id == 0)
    agent->refuse_id = g_idle_add_full (G_PRIORITY_DEFAULT, tell_refused, agent, NULL);
}

static gint64
refuse (VqGuestAgent *agent, VqJsonReply reply, gpointer data)
{
  Refusal *refusal = g_new0 (Refusal, 1);

  refusal->id = --agent->last_refused;
  refusal->reply = reply;
  refusal->data = data;
  g_queue_push_tail (&agent->refused, refusal);
  tell_refused_later (agent);
  return refusal->id;
}

static gboolean
is_open_or_closed (gpointer data)
{
  VqGuestAgent *agent = data;

  return agent->open || agent->closed;
}

/* One guest-sync-delimited: 0xFF first, to end whatever half request the agent has read. */
static gboolean
sync_once (VqGuestAgent *agent, gint64 deadline, VqCancel *cancel, GError **error)
{
  gint64 wanted = g_random_int ();
  gint64 soon = MIN (deadline, vq_deadline_in (SYNC_AGAIN));
  g_autoptr (JsonNode) result = NULL;

  vq_json_peer_send_raw (agent->peer, "\xff", 1);
  if (!vq_json_peer_call (agent->peer, "guest-sync-delimited",
                          vq_json_build ("id", "i", wanted, NULL), &result, soon, cancel, error))
    return FALSE;
  if (!JSON_NODE_HOLDS_VALUE (result) || json_node_get_int (result) != wanted)
    return vq_set_error (error, VQ_ERROR_TIMEOUT, "guest agent: answered another question");
  agent->needs_sync = FALSE;
  return TRUE;
}

gboolean
vq_guest_agent_sync (VqGuestAgent *agent, gint64 deadline, VqCancel *cancel, GError **error)
{
  for (;;)
    {
      g_autoptr (GError) local = NULL;

      if (!vq_wait_until (is_open_or_closed, agent, deadline, cancel,
                          "sign of qemu-guest-agent in the guest", error))
        return FALSE;
      if (sync_once (agent, deadline, cancel, &local))
        return TRUE;
      if (!agent->closed && vq_deadline_left (deadline) > 0 && vq_cancel_reason (cancel) == NULL)
        continue;
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
}

gboolean
vq_guest_agent_call (VqGuestAgent *agent, const char *command, JsonNode *arguments,
                     JsonNode **result, gint64 deadline, VqCancel *cancel, GError **error)
{
  g_autoptr (GError) local = NULL;

  if (agent->needs_sync && !vq_guest_agent_sync (agent, deadline, cancel, error))
    {
      g_clear_pointer (&arguments, json_node_unref);
      return FALSE;
    }
  if (vq_json_peer_call (agent->peer, command, arguments, result, deadline, cancel, &local))
    return TRUE;
  agent->needs_sync |= vq_error_is_timeout (local);
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

gint64
vq_guest_agent_send (VqGuestAgent *agent, const char *command, JsonNode *arguments,
                     VqJsonReply reply, gpointer data)
{
  if (agent->open)
    return vq_json_peer_send (agent->peer, command, arguments, reply, data);
  g_clear_pointer (&arguments, json_node_unref);
  return refuse (agent, reply, data);
}

void
vq_guest_agent_forget (VqGuestAgent *agent, gint64 id)
{
  if (id > 0)
    return vq_json_peer_forget (agent->peer, id);
  for (GList *l = agent->refused.head; l != NULL; l = l->next)
    if (((Refusal *)l->data)->id == id)
      ((Refusal *)l->data)->reply = NULL;
}

static JsonNode *
exec_arguments (const char *const *argv)
{
  JsonNode *node = vq_json_build ("path", "s", argv[0], "capture-output", "b", TRUE, NULL);
  JsonArray *args = json_array_new ();

  for (const char *const *arg = argv + 1; *arg != NULL; arg++)
    json_array_add_string_element (args, *arg);
  json_object_set_array_member (json_node_get_object (node), "arg", args);
  return node;
}

/* The base64 member NAME of a reply as a string. */
static char *
decode_member (JsonObject *object, const char *name, GError **error)
{
  const char *encoded;
  gsize n;
  g_autofree guchar *bytes = NULL;

  if (!vq_json_get_string (object, name, "", &encoded, error))
    return NULL;
  bytes = g_base64_decode (encoded, &n);
  return g_strndup ((const char *)bytes, MIN (n, RUN_OUTPUT_MAX));
}

static gboolean
start (VqGuestAgent *agent, const char *const *argv, gint64 *pid, gint64 deadline, VqCancel *cancel,
       GError **error)
{
  g_autoptr (JsonNode) result = NULL;

  if (!vq_guest_agent_call (agent, "guest-exec", exec_arguments (argv), &result, deadline, cancel,
                            error))
    return FALSE;
  if (!JSON_NODE_HOLDS_OBJECT (result))
    return vq_set_error (error, VQ_ERROR_PEER, "guest-exec: not an object");
  return vq_json_get_int (json_node_get_object (result), "pid", 0, pid, error);
}

/* Asks until the command has ended; *RESULT then is guest-exec-status's object. */
static gboolean
await_end (VqGuestAgent *agent, gint64 pid, JsonNode **result, gint64 deadline, VqCancel *cancel,
           GError **error)
{
  guint pause = 2;
  gboolean exited = FALSE;

  while (!exited)
    {
      g_clear_pointer (result, json_node_unref);
      if (!vq_guest_agent_call (agent, "guest-exec-status", vq_json_build ("pid", "i", pid, NULL),
                                result, deadline, cancel, error))
        return FALSE;
      if (!JSON_NODE_HOLDS_OBJECT (*result))
        return vq_set_error (error, VQ_ERROR_PEER, "guest-exec-status: not an object");
      if (!vq_json_get_bool (json_node_get_object (*result), "exited", FALSE, &exited, error))
        return FALSE;
      if (!exited && vq_deadline_left (deadline) <= 0)
        return vq_set_error (error, VQ_ERROR_TIMEOUT, "the command did not end in time");
      if (!exited && !vq_wait_pause (pause, cancel, error))
        return FALSE;
      pause = MIN (pause * 3 / 2 + 1, STATUS_PAUSE_MAX);
    }
  return TRUE;
}

static gboolean
take_result (JsonObject *reply, const char *const *argv, int *status, char **out, GError **error)
{
  g_autofree char *errors = decode_member (reply, "err-data", NULL);
  gint64 code;
  gint64 signum;

  if (!vq_json_get_int (reply, "exitcode", 0, &code, error)
      || !vq_json_get_int (reply, "signal", 0, &signum, error))
    return FALSE;
  if (signum != 0)
    return vq_set_error (error, VQ_ERROR_FAILED, "%s: killed by signal %d", argv[0], (int)signum);
  if (status != NULL)
    *status = (int)code;
  else if (code != 0)
    {
      g_autofree char *text
          = vq_text_printable (errors ? errors : "", errors ? strlen (errors) : 0, 300);

      return vq_set_error (error, VQ_ERROR_FAILED, "%s: exit status %d: %s", argv[0], (int)code,
                           text);
    }
  if (out != NULL)
    *out = decode_member (reply, "out-data", error);
  return out == NULL || *out != NULL;
}

gboolean
vq_guest_agent_run (VqGuestAgent *agent, const char *const *argv, int *status, char **out,
                    gint64 deadline, VqCancel *cancel, GError **error)
{
  g_autoptr (JsonNode) result = NULL;
  gint64 pid;

  if (!start (agent, argv, &pid, deadline, cancel, error)
      || !await_end (agent, pid, &result, deadline, cancel, error))
    {
      g_prefix_error (error, "%s in the guest: ", argv[0]);
      return FALSE;
    }
  return take_result (json_node_get_object (result), argv, status, out, error);
}

static gboolean
write_to_handle (VqGuestAgent *agent, gint64 handle, const char *bytes, gsize n, gint64 deadline,
                 VqCancel *cancel, GError **error)
{
  while (n > 0)
    {
      gsize block = MIN (n, 32768);
      g_autofree char *encoded = g_base64_encode ((const guchar *)bytes, block);

      if (!vq_guest_agent_call (
              agent, "guest-file-write",
              vq_json_build ("handle", "i", handle, "buf-b64", "s", encoded, NULL), NULL, deadline,
              cancel, error))
        return FALSE;
      bytes += block;
      n -= block;
    }
  return TRUE;
}

gboolean
vq_guest_agent_write_file (VqGuestAgent *agent, const char *path, const char *bytes, gsize n,
                           gint64 deadline, VqCancel *cancel, GError **error)
{
  g_autoptr (JsonNode) opened = NULL;
  JsonNode *handle_argument;
  gint64 handle;
  gboolean written;

  if (!vq_guest_agent_call (agent, "guest-file-open",
                            vq_json_build ("path", "s", path, "mode", "s", "w", NULL), &opened,
                            deadline, cancel, error))
    return FALSE;
  handle = JSON_NODE_HOLDS_VALUE (opened) ? json_node_get_int (opened) : -1;
  written = write_to_handle (agent, handle, bytes, n, deadline, cancel, error);
  handle_argument = vq_json_build ("handle", "i", handle, NULL);
  if (written)
    return vq_guest_agent_call (agent, "guest-file-close", handle_argument, NULL, deadline, cancel,
                                error);
  vq_guest_agent_send (agent, "guest-file-close", handle_argument, NULL, NULL);
  return FALSE;
}

static void
shut_down (VqGuestAgent *agent, const char *mode)
{
  if (agent->open)
    vq_guest_agent_send (agent, "guest-shutdown", vq_json_build ("mode", "s", mode, NULL), NULL,
                         NULL);
}

void
vq_guest_agent_power_off (VqGuestAgent *agent)
{
  shut_down (agent, "powerdown");
}

void
vq_guest_agent_reboot (VqGuestAgent *agent)
{
  shut_down (agent, "reboot");
}
