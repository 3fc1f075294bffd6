// SPDX-License-Identifier: GPL-2.0-or-later
#include "channel/agent-pipe.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"

#define HEADER 8

/* Where the runner has its ends of the pipes. */
#define DOOR_OUT 100
#define DOOR_IN 101

/* Milliseconds until the agent is asked again: while the runner starts (first of all for as long as
 * perl takes at least), and while there is nothing to read. */
#define START_PAUSE 40
#define OPEN_PAUSE_MIN 10
#define OPEN_PAUSE_MAX 100
#define READ_PAUSE_MIN 2
#define READ_PAUSE_MAX 50

/* Microseconds without a frame that count as quiet. */
#define QUIET_AFTER G_USEC_PER_SEC

struct _VqAgentPipe
{
  VqGuestAgent *agent;
  gint64 pid; /* of the runner */
  const VqAgentPipeHandlers *handlers;
  gpointer data;
  gint64 reader; /* the agent's handles; -1: not open */
  gint64 writer;
  gint64 request; /* what we wait for; 0: nothing */
  GQueue writes;  /* Write, owned: the requests under way that write */
  guint timer;
  guint pause;
  gint64 quiet_since;
  guint8 frame[HEADER + VQ_AGENT_PIPE_BLOCK];
  gsize have;
  gsize want;
};

/* A request that writes to the runner. Its reply matters only if it is an error. */
typedef struct
{
  VqAgentPipe *pipe;
  gint64 id;
} Write;

static void ask (VqAgentPipe *pipe);

static void
fail (VqAgentPipe *pipe, const GError *error)
{
  pipe->handlers->failed (error, pipe->data);
}

static void G_GNUC_PRINTF (2, 3) fail_with (VqAgentPipe *pipe, const char *format, ...)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  vq_error_set (&error, VQ_ERROR_PEER, "%s", text);
  fail (pipe, error);
}

static gboolean
on_timer (gpointer data)
{
  VqAgentPipe *pipe = data;

  pipe->timer = 0;
  ask (pipe);
  return G_SOURCE_REMOVE;
}

static void
ask_later (VqAgentPipe *pipe)
{
  guint longest = pipe->writer < 0 ? OPEN_PAUSE_MAX : READ_PAUSE_MAX;

  pipe->timer = g_timeout_add (pipe->pause, on_timer, pipe);
  pipe->pause = MIN (pipe->pause * 3 / 2, longest);
}

/* There was nothing. The handler may free us. */
static void
on_nothing (VqAgentPipe *pipe)
{
  gint64 now = g_get_monotonic_time ();

  ask_later (pipe);
  if (now < pipe->quiet_since + QUIET_AFTER)
    return;
  pipe->quiet_since = now;
  pipe->handlers->quiet (pipe->data);
}

/* A sign of life: what comes next may come soon. */
static void
be_quick (VqAgentPipe *pipe)
{
  pipe->quiet_since = g_get_monotonic_time ();
  pipe->pause = READ_PAUSE_MIN;
}

/* The length that a header tells, or -1 for a header that nobody of ours has written. */
static gssize
payload_length (const guint8 *header)
{
  gssize n = 0;

  for (int i = 1; i < HEADER; i++)
    {
      if (!g_ascii_isdigit (header[i]))
        return -1;
      n = n * 10 + (header[i] - '0');
    }
  return n <= VQ_AGENT_PIPE_BLOCK ? n : -1;
}

static void
handle_frame (VqAgentPipe *pipe)
{
  gsize n = pipe->want - HEADER;

  pipe->have = 0;
  pipe->want = HEADER;
  be_quick (pipe);
  ask_later (pipe); /* before the handler, which may free us */
  pipe->handlers->frame (pipe->frame[0], pipe->frame + HEADER, n, pipe->data);
}

/* What was read is there; decides what comes next. */
static void
advance (VqAgentPipe *pipe)
{
  if (pipe->have < pipe->want)
    return ask (pipe);
  if (pipe->want == HEADER)
    {
      gssize n = payload_length (pipe->frame);

      if (n < 0)
        return fail_with (pipe, "garbage from the runner in the guest");
      pipe->want += n;
    }
  if (pipe->have < pipe->want)
    ask (pipe);
  else
    handle_frame (pipe);
}

/* Appends the bytes of a guest-file-read reply; FALSE if it holds none or too many. */
static gboolean
take_bytes (VqAgentPipe *pipe, JsonNode *result)
{
  const char *encoded = "";
  g_autofree guchar *bytes = NULL;
  gsize n;

  if (!JSON_NODE_HOLDS_OBJECT (result)
      || !vq_json_get_string (json_node_get_object (result), "buf-b64", "", &encoded, NULL))
    return FALSE;
  bytes = g_base64_decode (encoded, &n);
  if (n == 0 || n > pipe->want - pipe->have)
    return FALSE;
  memcpy (pipe->frame + pipe->have, bytes, n);
  pipe->have += n;
  return TRUE;
}

static void
on_read (JsonNode *result, const GError *error, gpointer data)
{
  VqAgentPipe *pipe = data;

  pipe->request = 0;
  if (error != NULL && pipe->have == 0 && strstr (error->message, "failed to read") != NULL)
    on_nothing (pipe);
  else if (error != NULL)
    fail (pipe, error);
  else if (!take_bytes (pipe, result))
    fail_with (pipe, "guest-file-read: not the bytes that were asked for");
  else
    advance (pipe);
}

static void
ask_for_bytes (VqAgentPipe *pipe)
{
  JsonNode *arguments = vq_json_build ("handle", "i", pipe->reader, "count", "i",
                                       (gint64)(pipe->want - pipe->have), NULL);

  pipe->request = vq_guest_agent_send (pipe->agent, "guest-file-read", arguments, on_read, pipe);
}

static void
on_opened (JsonNode *result, const GError *error, gpointer data)
{
  VqAgentPipe *pipe = data;
  gint64 handle;

  pipe->request = 0;
  if (error != NULL && strstr (error->message, "failed to open") != NULL)
    return on_nothing (pipe); /* the runner has not made it yet */
  if (error != NULL)
    return fail (pipe, error);
  handle = JSON_NODE_HOLDS_VALUE (result) && json_node_get_value_type (result) == G_TYPE_INT64
               ? json_node_get_int (result)
               : -1;
  if (handle < 0)
    return fail_with (pipe, "guest-file-open: not a handle");
  if (pipe->reader < 0)
    {
      pipe->reader = handle;
      return ask (pipe);
    }
  pipe->writer = handle;
  be_quick (pipe);
  vq_agent_pipe_send (pipe, 'h', NULL, 0);
  ask (pipe);
  pipe->handlers->opened (pipe->data);
}

static void
ask_to_open (VqAgentPipe *pipe)
{
  g_autofree char *path = g_strdup_printf ("/proc/%" G_GINT64_FORMAT "/fd/%d", pipe->pid,
                                           pipe->reader < 0 ? DOOR_OUT : DOOR_IN);
  JsonNode *arguments = vq_json_build ("path", "s", path, "mode", "s", "r+", NULL);

  pipe->request = vq_guest_agent_send (pipe->agent, "guest-file-open", arguments, on_opened, pipe);
}

static void
ask (VqAgentPipe *pipe)
{
  if (pipe->writer < 0)
    ask_to_open (pipe);
  else
    ask_for_bytes (pipe);
}

VqAgentPipe *
vq_agent_pipe_new (VqGuestAgent *agent, gint64 pid, const VqAgentPipeHandlers *handlers,
                   gpointer data)
{
  VqAgentPipe *pipe = g_new0 (VqAgentPipe, 1);

  pipe->agent = agent;
  pipe->pid = pid;
  pipe->handlers = handlers;
  pipe->data = data;
  pipe->reader = -1;
  pipe->writer = -1;
  pipe->want = HEADER;
  pipe->quiet_since = g_get_monotonic_time ();
  pipe->pause = OPEN_PAUSE_MIN;
  pipe->timer = g_timeout_add (START_PAUSE, on_timer, pipe);
  return pipe;
}

static void
close_handle (VqAgentPipe *pipe, gint64 handle)
{
  if (handle >= 0)
    vq_guest_agent_send (pipe->agent, "guest-file-close",
                         vq_json_build ("handle", "i", handle, NULL), NULL, NULL);
}

void
vq_agent_pipe_free (VqAgentPipe *pipe)
{
  if (pipe == NULL)
    return;
  g_clear_handle_id (&pipe->timer, g_source_remove);
  if (pipe->request != 0)
    vq_guest_agent_forget (pipe->agent, pipe->request);
  for (Write *write; (write = g_queue_pop_head (&pipe->writes)) != NULL; g_free (write))
    vq_guest_agent_forget (pipe->agent, write->id);
  close_handle (pipe, pipe->reader);
  close_handle (pipe, pipe->writer);
  g_free (pipe);
}

static void
on_written (JsonNode *result, const GError *error, gpointer data)
{
  g_autofree Write *write = data;

  g_queue_remove (&write->pipe->writes, write);
  if (error != NULL)
    fail (write->pipe, error);
}

static void
request_write (VqAgentPipe *pipe, const char *command, JsonNode *arguments)
{
  Write *write = g_new0 (Write, 1);

  write->pipe = pipe;
  write->id = vq_guest_agent_send (pipe->agent, command, arguments, on_written, write);
  g_queue_push_tail (&pipe->writes, write);
}

void
vq_agent_pipe_send (VqAgentPipe *pipe, char type, const guint8 *bytes, gsize n)
{
  g_autofree guint8 *frame = g_malloc (HEADER + n + 1);
  g_autofree char *encoded = NULL;

  g_assert (n <= VQ_AGENT_PIPE_INPUT);
  g_snprintf ((char *)frame, HEADER + 1, "%c%07u", type, (guint)n);
  if (n > 0)
    memcpy (frame + HEADER, bytes, n);
  encoded = g_base64_encode (frame, HEADER + n);
  request_write (pipe, "guest-file-write",
                 vq_json_build ("handle", "i", pipe->writer, "buf-b64", "s", encoded, NULL));
  request_write (pipe, "guest-file-flush", vq_json_build ("handle", "i", pipe->writer, NULL));
}
