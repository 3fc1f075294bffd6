// SPDX-License-Identifier: GPL-2.0-or-later
/* A command: its request, while that arrives in parts, and then its process with its stdin and
 * output. */
#pragma once

#include "environment.h"
#include "input.h"
#include "output.h"
#include "spawn.h"
#include "words.h"

typedef enum
{
  STREAM_ARRIVES, /* parts of RUN are arriving; there is no process yet */
  STREAM_RUNS,
  STREAM_ENDED, /* the process has ended; not all of its output is sent yet */
} StreamState;

typedef struct Stream Stream;
struct Stream
{
  Stream *next, *previous; /* used by Streams, as is chain */
  Stream *chain;
  uint32_t number;
  StreamState state;
  uint8_t *request; /* owned; the parts of RUN that have arrived */
  size_t request_length, request_size;
  const char
      *refusal; /* why it will not be started, so that its request is not kept; NULL: it will be */
  pid_t process;
  int status; /* as from waitpid */
  bool is_terminal;
  Input in;
  Output out[2]; /* stdout and stderr; a terminal uses only the first */
  int next_out;  /* which of them is served first */
};

/* What all commands are started with. */
typedef struct
{
  Environment environment;
  SpawnDefaults defaults;
} StreamContext;

/* The request that is arriving will not be started, because of REASON, which stays the caller's. */
void stream_refuse (Stream *stream, const char *reason);

/* A part of RUN has arrived. */
bool stream_arrive (Stream *stream, const uint8_t *bytes, size_t n, Why why);

/* Starts the process that WORDS ask for. If that fails, returns false and WHY says why; there is no
 * process then. */
bool stream_start (Stream *stream, const StreamContext *context, const Words *words, Why why);

/* No more stdin will come. */
bool stream_end_stdin (Stream *stream, Why why);

/* Sends SIGNAL to the command's process group. */
void stream_kill (Stream *stream, int signal, Sinks *sinks);

/* The process has ended. */
void stream_end (Stream *stream, int status);

/* Sends the host what there is to report. Returns false if that was the end of the stream. */
bool stream_report (Stream *stream, Outbox *out);

/* Frees everything in the stream. If its process still exists, it must have been killed. */
void stream_clear (Stream *stream, Sinks *sinks);
