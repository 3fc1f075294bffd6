// SPDX-License-Identifier: GPL-2.0-or-later
#include "stream.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

void
stream_refuse (Stream *stream, const char *reason)
{
  free (stream->request);
  stream->request = NULL;
  stream->refusal = reason;
}

static void
grow (Stream *stream)
{
  size_t size = MIN (2 * stream->request_length, (size_t)VQ_HELPER_RUN_MAX);
  uint8_t *request = realloc (stream->request, size);

  if (request == NULL)
    {
      stream_refuse (stream, "out of memory");
      return;
    }
  stream->request = request;
  stream->request_size = size;
}

bool
stream_arrive (Stream *stream, const uint8_t *bytes, size_t n, Why why)
{
  if (n > VQ_HELPER_RUN_MAX - stream->request_length)
    return explain (why, "RUN is longer than %u bytes", VQ_HELPER_RUN_MAX);
  stream->request_length += n;
  if (stream->request_length > stream->request_size && stream->refusal == NULL)
    grow (stream);
  if (stream->refusal == NULL && n > 0)
    memcpy (stream->request + stream->request_length - n, bytes, n);
  return true;
}

bool
stream_end_stdin (Stream *stream, Why why)
{
  /* Closing a terminal's output hangs it up. */
  if (stream->is_terminal)
    output_close (&stream->out[0]);
  return input_take_end (&stream->in, why);
}

void
stream_kill (Stream *stream, int signal, Sinks *sinks)
{
  /* Only while the process runs, because after waitpid its number may belong to another process. If
   * the C library implements vfork as fork, the process may not lead its group yet, so the process
   * itself is tried too. */
  if (stream->state == STREAM_RUNS && kill (-stream->process, signal) < 0)
    kill (stream->process, signal);
  for (int i = 0; signal == SIGKILL && i < 2; i++)
    output_leave (&stream->out[i], sinks);
}

void
stream_end (Stream *stream, int status)
{
  stream->state = STREAM_ENDED;
  stream->status = status;
  input_close (&stream->in);
  for (int i = 0; i < 2; i++)
    output_limit (&stream->out[i]);
}

bool
stream_report (Stream *stream, Outbox *out)
{
  if (stream->state != STREAM_ENDED || !output_is_done (&stream->out[0])
      || !output_is_done (&stream->out[1]))
    {
      input_report (&stream->in, stream->number, out);
      return true;
    }
  if (WIFSIGNALED (stream->status))
    outbox_add_u32 (out, VQ_HELPER_SIGNALLED, stream->number, WTERMSIG (stream->status));
  else
    outbox_add_u32 (out, VQ_HELPER_EXITED, stream->number, WEXITSTATUS (stream->status));
  return false;
}

void
stream_clear (Stream *stream, Sinks *sinks)
{
  free (stream->request);
  stream->request = NULL;
  input_close (&stream->in);
  for (int i = 0; i < 2; i++)
    output_leave (&stream->out[i], sinks);
}
