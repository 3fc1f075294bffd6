// SPDX-License-Identifier: GPL-2.0-or-later
/* All streams: by number, and in the order in which they are served. */
#pragma once

#include "stream.h"

#define STREAMS_BUCKETS 256

typedef struct
{
  Stream *first, *last; /* owned; the one that was not served for the longest time is first */
  Stream *buckets[STREAMS_BUCKETS];
  unsigned n;
} Streams;

/* Both return NULL if there is no such stream. */
Stream *streams_find (const Streams *streams, uint32_t number);
Stream *streams_find_process (const Streams *streams, pid_t process);

/* A new stream, which belongs to STREAMS, or NULL if there is no memory. */
Stream *streams_add (Streams *streams, uint32_t number);

/* Clears and frees STREAM. */
void streams_remove (Streams *streams, Stream *stream, Sinks *sinks);

/* STREAM has been served, so its next turn is after all others. */
void streams_move_to_back (Streams *streams, Stream *stream);

/* Kills all commands and removes their streams. */
void streams_kill_all (Streams *streams, Sinks *sinks);
