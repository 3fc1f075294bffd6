// SPDX-License-Identifier: GPL-2.0-or-later
#include "channel/guest-agent.h"

#include <string.h>
#include <sys/wait.h>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"

/* How long one guest-sync-delimited may go unanswered before it is sent again, in seconds. A
 * slow guest opens the port some time before qemu-ga reads from it. */
#define SYNC_AGAIN 3

/* guest-exec-status is asked again after 2 ms, then ever more slowly, up to this many ms. */
#define STATUS_PAUSE_MAX 100

#define RUN_OUTPUT_MAX (256 * 1024)

/* Seconds that the agent may take to answer a request of vq_guest_agent_send: all are short. */
#define REQUEST_SECONDS 60

typedef struct
{
  gint64 id;
  char *command;
  JsonNode *arguments; /* NULL once it is sent */
  VqJsonReply reply;   /* NULL: nobody wants to know */
  gpointer data;
  gboolean refused; /* made while the port was closed: the next agent must not carry it out */
} Request;

/* One request is with the agent at a time, for it loses replies when it reads several requests at
 * once (seen with qemu-ga 7.2 on virtio-serial as soon as they filled a read of 4096 bytes). */
struct _VqGuestAgent
{
  VqJsonPeer *peer;
  gboolean open;       /* the guest has its side of the port open */
  gboolean closed;     /* the socket to QEMU has ended */
  gboolean needs_sync; /* a reply may still be under way */
  GQueue waiting;      /* Request, owned */
  Request *current;    /* owned: the one that is with the agent */
  gint64 last_id;
  guint refuse_id; /* tells a refused request, from the main loop */
  guint alarm_id;  /* the current one takes too long */
};

static void
free_request (Request *request)
{
  if (request == NULL)
    return;
  g_clear_pointer (&request->arguments, json_node_unref);
  g_free (request->command);
  g_free (request);
}

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
  g_clear_handle_id (&agent->alarm_id, g_source_remove);
  g_queue_clear_full (&agent->waiting, (GDestroyNotify)free_request);
  free_request (agent->current);
  vq_json_peer_free (agent->peer);
  g_free (agent);
}

static GError *
gone_error (void)
{
  return g_error_new (VQ_ERROR, VQ_ERROR_PEER,
                      "guest agent: it has gone away (stopped in the guest)");
}

static void send_next (VqGuestAgent *agent);

static void
tell (Request *request, JsonNode *result, const GError *error)
{
  if (request->reply != NULL)
    request->reply (result, error, request->data);
  free_request (request);
}

/* One at a time: the handler may make other requests and forget some. */
static gboolean
tell_refused (gpointer data)
{
  VqGuestAgent *agent = data;
  Request *request = g_queue_pop_head (&agent->waiting);
  g_autoptr (GError) error = gone_error ();

  agent->refuse_id = 0;
  send_next (agent);
  tell (request, NULL, error);
  return G_SOURCE_REMOVE;
}

static void
on_answer (JsonNode *result, const GError *error, gpointer data)
{
  VqGuestAgent *agent = data;
  Request *request = g_steal_pointer (&agent->current);

  g_clear_handle_id (&agent->alarm_id, g_source_remove);
  send_next (agent);
  tell (request, result, error);
}

static gboolean
on_alarm (gpointer data)
{
  VqGuestAgent *agent = data;
  g_autoptr (GError) error = NULL;

  vq_error_set (&error, VQ_ERROR_TIMEOUT, "guest agent: no answer to %s within %d s",
                agent->current->command, REQUEST_SECONDS);
  agent->alarm_id = 0;
  agent->needs_sync = TRUE;
  vq_json_peer_fail_pending (agent->peer, error);
  return G_SOURCE_REMOVE;
}

static void
send_next (VqGuestAgent *agent)
{
  Request *request = g_queue_peek_head (&agent->waiting);

  if (agent->current != NULL || request == NULL || agent->refuse_id != 0)
    return;
  if (request->refused)
    {
      agent->refuse_id = g_idle_add_full (G_PRIORITY_DEFAULT, tell_refused, agent, NULL);
      return;
    }
  agent->current = g_queue_pop_head (&agent->waiting);
  agent->alarm_id = g_timeout_add_seconds (REQUEST_SECONDS, on_alarm, agent);
  vq_json_peer_send (agent->peer, request->command, g_steal_pointer (&request->arguments),
                     on_answer, agent);
}

void
vq_guest_agent_set_open (VqGuestAgent *agent, gboolean open)
{
  g_autoptr (GError) error = gone_error ();

  agent->open = open;
  agent->needs_sync = TRUE;
  if (open)
    return;
  for (GList *l = agent->waiting.head; l != NULL; l = l->next)
    ((Request *)l->data)->refused = TRUE;
  vq_json_peer_fail_pending (agent->peer, error);
}

gboolean
vq_guest_agent_is_open (VqGuestAgent *agent)
{
  return agent->open;
}

static gboolean
is_open_or_closed (gpointer data)
{
  VqGuestAgent *agent = data;

  return agent->open || agent->closed;
}

/* The agent answers in order: if request ID, which it was asked before, has no answer now, it will
 * have none. */
static void
drop_unanswered (VqGuestAgent *agent, gint64 id)
{
  g_autoptr (GError) error = NULL;

  if (agent->current == NULL || agent->current->id != id)
    return;
  vq_error_set (&error, VQ_ERROR_TIMEOUT, "guest agent: no answer to %s", agent->current->command);
  vq_json_peer_fail_pending (agent->peer, error);
}

/* One guest-sync-delimited: 0xFF first, to end whatever half request the agent has read. */
static gboolean
sync_once (VqGuestAgent *agent, gint64 deadline, VqCancel *cancel, GError **error)
{
  gint64 wanted = g_random_int ();
  gint64 soon = MIN (deadline, vq_deadline_in (SYNC_AGAIN));
  gint64 before = agent->current != NULL ? agent->current->id : 0;
  g_autoptr (JsonNode) result = NULL;

  vq_json_peer_send_raw (agent->peer, "\xff", 1);
  if (!vq_json_peer_call (agent->peer, "guest-sync-delimited",
                          vq_json_build ("id", "i", wanted, NULL), &result, soon, cancel, error))
    return FALSE;
  if (!JSON_NODE_HOLDS_VALUE (result) || json_node_get_int (result) != wanted)
    return vq_error_set (error, VQ_ERROR_TIMEOUT, "guest agent: answered another question");
  agent->needs_sync = FALSE;
  drop_unanswered (agent, before);
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
  g_autofree char *what = g_strdup_printf ("answer of the guest agent to %s", command);
  VqJsonCall call = { FALSE, NULL, NULL };
  gint64 id;

  if (agent->needs_sync && !vq_guest_agent_sync (agent, deadline, cancel, error))
    {
      g_clear_pointer (&arguments, json_node_unref);
      return FALSE;
    }
  id = vq_guest_agent_send (agent, command, arguments, vq_json_peer_call_reply, &call);
  if (!vq_wait_until (vq_json_peer_call_is_done, &call, deadline, cancel, what, error))
    {
      vq_guest_agent_forget (agent, id);
      agent->needs_sync = TRUE;
      return FALSE;
    }
  return vq_json_peer_call_finish (&call, command, result, error);
}

gint64
vq_guest_agent_send (VqGuestAgent *agent, const char *command, JsonNode *arguments,
                     VqJsonReply reply, gpointer data)
{
  Request *request = g_new0 (Request, 1);

  request->id = ++agent->last_id;
  request->command = g_strdup (command);
  request->arguments = arguments;
  request->reply = reply;
  request->data = data;
  request->refused = !agent->open;
  g_queue_push_tail (&agent->waiting, request);
  send_next (agent);
  return request->id;
}

/* What is with the agent stays there: its answer makes room for the next one. */
void
vq_guest_agent_forget (VqGuestAgent *agent, gint64 id)
{
  if (agent->current != NULL && agent->current->id == id)
    agent->current->reply = NULL;
  for (GList *l = agent->waiting.head; l != NULL; l = l->next)
    if (((Request *)l->data)->id == id)
      ((Request *)l->data)->reply = NULL;
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
    return vq_error_set (error, VQ_ERROR_PEER, "guest-exec: not an object");
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
        return vq_error_set (error, VQ_ERROR_PEER, "guest-exec-status: not an object");
      if (!vq_json_get_bool (json_node_get_object (*result), "exited", FALSE, &exited, error))
        return FALSE;
      if (!exited && vq_deadline_left (deadline) <= 0)
        return vq_error_set (error, VQ_ERROR_TIMEOUT, "the command did not end in time");
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
    return vq_error_set (error, VQ_ERROR_FAILED, "%s: killed by signal %d", argv[0], (int)signum);
  if (status != NULL)
    *status = (int)code;
  else if (code != 0)
    {
      g_autofree char *text
          = vq_text_printable (errors ? errors : "", errors ? strlen (errors) : 0, 300);

      return vq_error_set (error, VQ_ERROR_FAILED, "%s: exit status %d: %s", argv[0], (int)code,
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

/* Not in the queue: guest-shutdown has no reply. */
static void
shut_down (VqGuestAgent *agent, const char *mode)
{
  if (agent->open)
    vq_json_peer_send (agent->peer, "guest-shutdown", vq_json_build ("mode", "s", mode, NULL), NULL,
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
