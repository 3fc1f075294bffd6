// SPDX-License-Identifier: GPL-2.0-or-later
#include "helper.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "identity.h"
#include "kernel.h"
#include "terminal.h"

/* How many milliseconds we wait for the port to take our last frame. */
#define LAST_WORDS_MS 5000

/* If so many bytes wait to be sent, a host that sends HELLO again gets no more answers. */
#define ANSWERS_MAX (1024u * 1024)

#define TOO_MANY "too many commands at once"

/* Handles FRAME for STREAM, which is NULL if we do not know it. Returns false if the frame makes no
 * sense. */
typedef bool Handler (Helper *helper, Stream *stream, const Frame *frame, Why why);

static bool
on_hello (Helper *helper, Stream *stream, const Frame *frame, Why why)
{
  const uint8_t *nonce = frame->payload + VQ_HELPER_MAGIC_SIZE;
  uint8_t reply[VQ_HELPER_HELLO_SIZE + 8];
  Outbox *out = &helper->port.out;

  if (memcmp (frame->payload, VQ_HELPER_MAGIC, VQ_HELPER_MAGIC_SIZE) != 0)
    return explain (why, "HELLO is not that of a server");
  if (!helper->was_greeted || memcmp (nonce, helper->nonce, sizeof helper->nonce) != 0)
    {
      streams_kill_all (&helper->streams, &helper->sinks);
      outbox_drop (out);
    }
  helper->was_greeted = true;
  memcpy (helper->nonce, nonce, sizeof helper->nonce);
  if (outbox_waiting (out) > ANSWERS_MAX)
    return true;
  memcpy (reply, frame->payload, frame->length);
  put_u32 (reply + frame->length, VQ_HELPER_VERSION);
  put_u32 (reply + frame->length + 4, getpid ());
  outbox_greet (out, reply, sizeof reply);
  return true;
}

/* The host has taken our frames up to the given position, and is told up to which we have taken
 * its. */
static bool
on_resume (Helper *helper, Stream *stream, const Frame *frame, Why why)
{
  uint8_t reply[VQ_HELPER_RESUME_SIZE];
  uint32_t position = get_u32 (frame->payload + VQ_HELPER_HELLO_SIZE + 4);

  if (!outbox_acknowledge (&helper->port.out, position))
    return explain (why, "RESUME at a position that never was");
  memcpy (reply, frame->payload, sizeof reply);
  put_u32 (reply + VQ_HELPER_HELLO_SIZE + 4, helper->port.in.position);
  helper->port.in.acknowledged = helper->port.in.position;
  outbox_resume (&helper->port.out, reply, sizeof reply);
  return true;
}

static bool
on_ack (Helper *helper, Stream *stream, const Frame *frame, Why why)
{
  return outbox_acknowledge (&helper->port.out, get_u32 (frame->payload))
         || explain (why, "ACK of a position that never was");
}

static void
not_started (Helper *helper, Stream *stream, const char *why)
{
  outbox_add (&helper->port.out, VQ_HELPER_NOT_STARTED, stream->number, why, strlen (why));
  streams_remove (&helper->streams, stream, &helper->sinks);
}

/* Returns false if there are more streams than a server may open. */
static bool
new_stream (Helper *helper, uint32_t number, Stream **stream, Why why)
{
  if (helper->streams.n >= 2 * VQ_HELPER_STREAMS_MAX)
    return explain (why, "%u streams at once", helper->streams.n);
  *stream = streams_add (&helper->streams, number);
  if (*stream == NULL)
    return explain (why, "out of memory");
  if (helper->streams.n > VQ_HELPER_STREAMS_MAX)
    stream_refuse (*stream, TOO_MANY);
  return true;
}

static bool
on_run_part (Helper *helper, Stream *stream, const Frame *frame, Why why)
{
  if (stream != NULL && stream->state != STREAM_ARRIVES)
    return explain (why, "a stream is run twice");
  if (stream == NULL && !new_stream (helper, frame->stream, &stream, why))
    return false;
  return stream_arrive (stream, frame->payload, frame->length, why);
}

/* Starts the command of STREAM, whose request is complete. */
static bool
start (Helper *helper, Stream *stream, const uint8_t *request, size_t length, Why why)
{
  Words words;
  WordsResult result = words_parse (&words, request, length, why);
  bool started = result == WORDS_GOOD && stream_start (stream, &helper->context, &words, why);

  words_clear (&words);
  if (result == WORDS_BAD)
    return false;
  free (stream->request);
  stream->request = NULL;
  if (!started)
    not_started (helper, stream, why);
  return true;
}

static bool
on_run (Helper *helper, Stream *stream, const Frame *frame, Why why)
{
  bool is_whole = stream == NULL;

  if (stream != NULL && stream->state != STREAM_ARRIVES)
    return explain (why, "a stream is run twice");
  if (is_whole && !new_stream (helper, frame->stream, &stream, why))
    return false;
  if (!is_whole && !stream_arrive (stream, frame->payload, frame->length, why))
    return false;
  if (stream->refusal != NULL)
    {
      not_started (helper, stream, stream->refusal);
      return true;
    }
  if (is_whole)
    return start (helper, stream, frame->payload, frame->length, why);
  return start (helper, stream, stream->request, stream->request_length, why);
}

static bool
on_stdin (Helper *helper, Stream *stream, const Frame *frame, Why why)
{
  return input_take (&stream->in, frame->payload, frame->length, why);
}

static bool
on_stdin_end (Helper *helper, Stream *stream, const Frame *frame, Why why)
{
  return stream_end_stdin (stream, why);
}

static bool
on_credit (Helper *helper, Stream *stream, const Frame *frame, Why why)
{
  return output_add_credit (&stream->out[frame->type == VQ_HELPER_STDERR_CREDIT],
                            get_u32 (frame->payload), why);
}

static bool
on_closed (Helper *helper, Stream *stream, const Frame *frame, Why why)
{
  output_close (&stream->out[frame->type == VQ_HELPER_STDERR_CLOSED]);
  return true;
}

static bool
on_kill (Helper *helper, Stream *stream, const Frame *frame, Why why)
{
  uint32_t number = get_u32 (frame->payload);

  if (number == 0 || number >= NSIG)
    return explain (why, "there is no signal %u", number);
  stream_kill (stream, number, &helper->sinks);
  return true;
}

static bool
on_window_size (Helper *helper, Stream *stream, const Frame *frame, Why why)
{
  uint32_t rows = get_u32 (frame->payload);
  uint32_t columns = get_u32 (frame->payload + 4);

  if (!stream->is_terminal || rows > UINT16_MAX || columns > UINT16_MAX)
    return explain (why, "a window of %u rows and %u columns", rows, columns);
  if (stream->out[0].fd >= 0)
    terminal_resize (stream->out[0].fd, rows, columns);
  return true;
}

/* Does what a request that is no command asks for. Returns 0 or an errno. */
static int
answer (const Frame *frame)
{
  switch (frame->type)
    {
    case VQ_HELPER_SET_CLOCK:
      return kernel_set_clock (get_u64 (frame->payload), get_u32 (frame->payload + 8));
    case VQ_HELPER_ADD_ENTROPY:
      return kernel_add_entropy (frame->payload, frame->length);
    case VQ_HELPER_SET_MACHINE_ID:
      return identity_set_machine_id (frame->payload);
    case VQ_HELPER_FIND_HOST_KEYS:
      return identity_find_host_keys ();
    default:
      return ENOSYS;
    }
}

static bool
on_request (Helper *helper, Stream *stream, const Frame *frame, Why why)
{
  if (stream != NULL)
    return explain (why, "a request has the number of a command");
  outbox_add_u32 (&helper->port.out, VQ_HELPER_DONE, frame->stream, answer (frame));
  return true;
}

typedef enum
{
  CONNECTION, /* stream 0 */
  ANY_STREAM,
  RUNNING_STREAM, /* ignored for other streams, because it comes too late */
} Scope;

static const struct
{
  uint8_t type;
  Scope scope;
  uint32_t min, max; /* length of the payload */
  Handler *handle;
} rules[] = {
  { VQ_HELPER_STDIN, RUNNING_STREAM, 1, VQ_HELPER_PAYLOAD_MAX, on_stdin },
  { VQ_HELPER_STDIN_END, RUNNING_STREAM, 0, 0, on_stdin_end },
  { VQ_HELPER_STDOUT_CREDIT, RUNNING_STREAM, 4, 4, on_credit },
  { VQ_HELPER_STDERR_CREDIT, RUNNING_STREAM, 4, 4, on_credit },
  { VQ_HELPER_STDOUT_CLOSED, RUNNING_STREAM, 0, 0, on_closed },
  { VQ_HELPER_STDERR_CLOSED, RUNNING_STREAM, 0, 0, on_closed },
  { VQ_HELPER_KILL, RUNNING_STREAM, 4, 4, on_kill },
  { VQ_HELPER_WINDOW_SIZE, RUNNING_STREAM, 8, 8, on_window_size },
  { VQ_HELPER_RUN_PART, ANY_STREAM, 0, VQ_HELPER_PAYLOAD_MAX, on_run_part },
  { VQ_HELPER_RUN, ANY_STREAM, 0, VQ_HELPER_PAYLOAD_MAX, on_run },
  { VQ_HELPER_SET_CLOCK, ANY_STREAM, 12, 12, on_request },
  { VQ_HELPER_ADD_ENTROPY, ANY_STREAM, 1, VQ_HELPER_ENTROPY_MAX, on_request },
  { VQ_HELPER_SET_MACHINE_ID, ANY_STREAM, VQ_HELPER_MACHINE_ID_SIZE, VQ_HELPER_MACHINE_ID_SIZE,
    on_request },
  { VQ_HELPER_FIND_HOST_KEYS, ANY_STREAM, 0, 0, on_request },
  { VQ_HELPER_HELLO, CONNECTION, VQ_HELPER_HELLO_SIZE, VQ_HELPER_HELLO_SIZE, on_hello },
  { VQ_HELPER_RESUME, CONNECTION, VQ_HELPER_RESUME_SIZE, VQ_HELPER_RESUME_SIZE, on_resume },
  { VQ_HELPER_ACK, CONNECTION, 4, 4, on_ack },
};
#define N_RULES (sizeof rules / sizeof rules[0])

static bool
handle (Helper *helper, const Frame *frame, Why why)
{
  Stream *stream = streams_find (&helper->streams, frame->stream);
  size_t i = 0;

  while (i < N_RULES && rules[i].type != frame->type)
    i++;
  if (i == N_RULES || frame->length < rules[i].min || frame->length > rules[i].max
      || (frame->stream == 0) != (rules[i].scope == CONNECTION))
    return explain (why, "no such frame: type %02x, stream %u, %u bytes", frame->type,
                    frame->stream, frame->length);
  if (rules[i].scope == RUNNING_STREAM && stream == NULL)
    return true;
  if (rules[i].scope == RUNNING_STREAM && stream->state == STREAM_ARRIVES)
    return explain (why, "a frame before RUN: type %02x", frame->type);
  return rules[i].handle (helper, stream, frame, why);
}

bool
helper_handle_frames (Helper *helper, Why why)
{
  Frame frame;

  while (inbox_next (&helper->port.in, &frame))
    if (!handle (helper, &frame, why))
      return false;
  return true;
}

static void
acknowledge (Port *port)
{
  if (!inbox_owes_ack (&port->in))
    return;
  outbox_add_u32 (&port->out, VQ_HELPER_ACK, 0, port->in.position);
  port->in.acknowledged = port->in.position;
}

bool
helper_report (Helper *helper)
{
  Stream *next;

  for (Stream *stream = helper->streams.first; stream != NULL; stream = next)
    {
      next = stream->next;
      if (!stream_report (stream, &helper->port.out))
        streams_remove (&helper->streams, stream, &helper->sinks);
    }
  acknowledge (&helper->port);
  return port_flush (&helper->port) && !helper->port.out.failed;
}

/* Waits until the port has taken everything that waits to be sent. */
static void
flush_patiently (Port *port)
{
  struct pollfd entry = { .fd = port->fd, .events = POLLOUT };

  while (port_flush (port) && outbox_waiting (&port->out) > 0 && poll (&entry, 1, LAST_WORDS_MS) > 0
         && !(entry.revents & (POLLHUP | POLLERR)))
    port->full = false;
}

void
helper_fail (Helper *helper, const Why why)
{
  streams_kill_all (&helper->streams, &helper->sinks);
  outbox_add (&helper->port.out, VQ_HELPER_FATAL, 0, why, strlen (why));
  flush_patiently (&helper->port);
}

void
helper_clear (Helper *helper)
{
  streams_kill_all (&helper->streams, &helper->sinks);
  sinks_clear (&helper->sinks);
  environment_clear (&helper->context.environment);
  port_close (&helper->port);
}
