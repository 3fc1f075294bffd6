// SPDX-License-Identifier: GPL-2.0-or-later
/* All streams: by number, and in the order in which they are to be served. */
#pragma once

#include "stream.h"

#define STREAMS_BUCKETS 256

typedef struct
{
  Stream *first, *last; /* owned, the least recently served first */
  Stream *buckets[STREAMS_BUCKETS];
  unsigned n;
} Streams;

/* NULL if there is none of that number. */
Stream *streams_find (const Streams *streams, uint32_t number);
Stream *streams_find_process (const Streams *streams, pid_t process);

/* A new one, or NULL if there is no memory. It is the streams'. */
Stream *streams_add (Streams *streams, uint32_t number);

/* Clears and frees it. */
void streams_remove (Streams *streams, Stream *stream, Sinks *sinks);

/* It has been served. */
void streams_move_to_back (Streams *streams, Stream *stream);

/* Kills all and forgets them. */
void streams_kill_all (Streams *streams, Sinks *sinks);
