// SPDX-License-Identifier: GPL-2.0-or-later
/* A command: its request while that arrives in parts, then its process and its streams. */
#pragma once

#include "environment.h"
#include "input.h"
#include "output.h"
#include "spawn.h"
#include "words.h"

typedef enum
{
  STREAM_ARRIVES, /* parts of RUN come; there is no process */
  STREAM_RUNS,
  STREAM_ENDED, /* the process has; its output is not sent yet */
} StreamState;

typedef struct Stream Stream;
struct Stream
{
  Stream *next, *previous; /* of Streams, as is chain */
  Stream *chain;
  uint32_t number;
  StreamState state;
  uint8_t *request; /* owned: what arrived of RUN */
  size_t request_length, request_size;
  const char *refusal; /* why it will not be started, NULL: it will; what arrives is not kept */
  pid_t process;
  int status; /* as waitpid gives it */
  bool is_terminal;
  Input in;
  Output out[2]; /* stdout and stderr; a terminal is only the first */
  int next_out;  /* the one to be served first */
};

/* What commands start with. */
typedef struct
{
  Environment environment;
  SpawnDefaults defaults;
} StreamContext;

/* What arrives is not to be started, for REASON, which stays the caller's. */
void stream_refuse (Stream *stream, const char *reason);

/* A part of RUN. */
bool stream_arrive (Stream *stream, const uint8_t *bytes, size_t n, Why why);

/* Starts what WORDS says. False if it cannot be started, for WHY; then there is no process. */
bool stream_start (Stream *stream, const StreamContext *context, const Words *words, Why why);

/* No more stdin comes. */
bool stream_end_stdin (Stream *stream, Why why);

/* Sends SIGNAL to the process group. */
void stream_kill (Stream *stream, int signal, Sinks *sinks);

/* The process has ended. */
void stream_end (Stream *stream, int status);

/* Tells the host what is to be told. False if that was the end. */
bool stream_report (Stream *stream, Outbox *out);

/* Frees what the stream has. A process that is there still must have been killed. */
void stream_clear (Stream *stream, Sinks *sinks);
