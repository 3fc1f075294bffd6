// SPDX-License-Identifier: GPL-2.0-or-later
#include "streams.h"

#include <signal.h>
#include <stdlib.h>

Stream *
streams_find (const Streams *streams, uint32_t number)
{
  Stream *stream = streams->buckets[number % STREAMS_BUCKETS];

  while (stream != NULL && stream->number != number)
    stream = stream->chain;
  return stream;
}

Stream *
streams_find_process (const Streams *streams, pid_t process)
{
  Stream *stream = streams->first;

  while (stream != NULL && (stream->state != STREAM_RUNS || stream->process != process))
    stream = stream->next;
  return stream;
}

static void
append (Streams *streams, Stream *stream)
{
  stream->next = NULL;
  stream->previous = streams->last;
  *(streams->last != NULL ? &streams->last->next : &streams->first) = stream;
  streams->last = stream;
}

static void
take_out (Streams *streams, Stream *stream)
{
  *(stream->previous != NULL ? &stream->previous->next : &streams->first) = stream->next;
  *(stream->next != NULL ? &stream->next->previous : &streams->last) = stream->previous;
}

Stream *
streams_add (Streams *streams, uint32_t number)
{
  Stream **bucket = &streams->buckets[number % STREAMS_BUCKETS];
  Stream *stream = calloc (1, sizeof *stream);

  if (stream == NULL)
    return NULL;
  stream->number = number;
  stream->in.fd = stream->out[0].fd = stream->out[1].fd = -1;
  stream->chain = *bucket;
  *bucket = stream;
  append (streams, stream);
  streams->n++;
  return stream;
}

void
streams_remove (Streams *streams, Stream *stream, Sinks *sinks)
{
  Stream **place = &streams->buckets[stream->number % STREAMS_BUCKETS];

  while (*place != stream)
    place = &(*place)->chain;
  *place = stream->chain;
  take_out (streams, stream);
  streams->n--;
  stream_clear (stream, sinks);
  free (stream);
}

void
streams_move_to_back (Streams *streams, Stream *stream)
{
  take_out (streams, stream);
  append (streams, stream);
}

void
streams_kill_all (Streams *streams, Sinks *sinks)
{
  while (streams->first != NULL)
    {
      stream_kill (streams->first, SIGKILL, sinks);
      streams_remove (streams, streams->first, sinks);
    }
}
