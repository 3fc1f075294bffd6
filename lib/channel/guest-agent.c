// SPDX-License-Identifier: GPL-2.0-or-later
#include "channel/guest-agent.h"

#include <string.h>
#include <sys/wait.h>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"

/* After how many seconds without an answer guest-sync-delimited is sent again. A slow guest opens
 * the port some time before qemu-ga reads from it. */
#define SYNC_AGAIN 3

/* The pause in ms before that. An agent that refuses the request does so at once, and would be
 * asked thousands of times a second. */
#define SYNC_PAUSE 200

/* guest-exec-status is sent again after 2 ms, and then after longer and longer pauses, up to this
 * many ms. */
#define STATUS_PAUSE_MAX 100

#define STDERR_MAX 300 /* bytes of it in an error message */

/* Only one request is sent at a time, because the agent loses replies if it reads several requests
 * at once. This was seen with qemu-ga 7.2 on virtio-serial, as soon as the requests filled a read
 * of 4096 bytes. */
struct _VqGuestAgent
{
  VqJsonPeer *peer;
  gboolean open;       /* the guest has its side of the port open */
  gboolean closed;     /* the socket to QEMU has ended */
  gboolean needs_sync; /* a reply may still be under way */
};

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
  vq_json_peer_free (agent->peer);
  g_free (agent);
}

void
vq_guest_agent_set_open (VqGuestAgent *agent, gboolean open)
{
  g_autoptr (GError) gone = g_error_new (VQ_ERROR, VQ_ERROR_PEER,
                                         "guest agent: it has gone away (stopped in the guest)");

  agent->open = open;
  agent->needs_sync = TRUE;
  if (!open)
    vq_json_peer_fail_pending (agent->peer, gone);
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

/* Sends guest-sync-delimited once. The byte 0xFF before it ends an incomplete request that the
 * agent may have read. */
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
    return vq_error_set (error, VQ_ERROR_TIMEOUT, "guest agent: answered another question");
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
      /* The refusal tells more than a last request that has no time left. */
      if (!agent->closed
          && !vq_wait_pause (MIN (SYNC_PAUSE, vq_deadline_left (deadline) * 1000 + 1), cancel,
                             error))
        return FALSE;
      if (agent->closed || vq_deadline_left (deadline) <= 0)
        {
          g_propagate_error (error, g_steal_pointer (&local));
          return FALSE;
        }
    }
}

/* After a failure a reply may still be under way, so the next call resynchronises. */
static gboolean
call (VqGuestAgent *agent, const char *command, JsonNode *arguments, JsonNode **result,
      gint64 deadline, VqCancel *cancel, GError **error)
{
  if (agent->needs_sync && !vq_guest_agent_sync (agent, deadline, cancel, error))
    {
      json_node_unref (arguments);
      return FALSE;
    }
  agent->needs_sync
      = !vq_json_peer_call (agent->peer, command, arguments, result, deadline, cancel, error);
  return !agent->needs_sync;
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

/* The end of the command's stderr, for messages. */
static char *
get_stderr (JsonObject *reply)
{
  const char *encoded = "";
  gsize n;
  g_autofree guchar *bytes = NULL;

  (void)!vq_json_get_string (reply, "err-data", "", &encoded, NULL);
  bytes = g_base64_decode (encoded, &n);
  return vq_text_printable ((const char *)bytes, n, STDERR_MAX);
}

static gboolean
start (VqGuestAgent *agent, const char *const *argv, gint64 *pid, gint64 deadline, VqCancel *cancel,
       GError **error)
{
  g_autoptr (JsonNode) result = NULL;

  if (!call (agent, "guest-exec", exec_arguments (argv), &result, deadline, cancel, error))
    return FALSE;
  if (!JSON_NODE_HOLDS_OBJECT (result))
    return vq_error_set (error, VQ_ERROR_PEER, "guest-exec: not an object");
  return vq_json_get_int (json_node_get_object (result), "pid", 0, pid, error);
}

/* Asks until the command has ended. *RESULT is the object from guest-exec-status. */
static gboolean
await_end (VqGuestAgent *agent, gint64 pid, JsonNode **result, gint64 deadline, VqCancel *cancel,
           GError **error)
{
  guint pause = 2;
  gboolean exited = FALSE;

  while (!exited)
    {
      g_clear_pointer (result, json_node_unref);
      if (!call (agent, "guest-exec-status", vq_json_build ("pid", "i", pid, NULL), result,
                 deadline, cancel, error))
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

/* Fails unless the command, which has ended, was successful. */
static gboolean
judge_end (JsonObject *reply, const char *program, GError **error)
{
  g_autofree char *text = get_stderr (reply);
  gint64 code;
  gint64 signum;

  if (!vq_json_get_int (reply, "exitcode", 0, &code, error)
      || !vq_json_get_int (reply, "signal", 0, &signum, error))
    return FALSE;
  if (signum != 0)
    return vq_error_set (error, VQ_ERROR_FAILED, "%s: killed by signal %d", program, (int)signum);
  return code == 0
         || vq_error_set (error, VQ_ERROR_FAILED, "%s: exit status %d: %s", program, (int)code,
                          text);
}

gboolean
vq_guest_agent_run (VqGuestAgent *agent, const char *const *argv, gint64 deadline, VqCancel *cancel,
                    GError **error)
{
  g_autoptr (JsonNode) result = NULL;
  gint64 pid;

  if (!start (agent, argv, &pid, deadline, cancel, error)
      || !await_end (agent, pid, &result, deadline, cancel, error))
    {
      g_prefix_error (error, "%s in the guest: ", argv[0]);
      return FALSE;
    }
  return judge_end (json_node_get_object (result), argv[0], error);
}

/* guest-shutdown has no reply. */
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
