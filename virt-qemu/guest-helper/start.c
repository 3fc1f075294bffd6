// SPDX-License-Identifier: GPL-2.0-or-later
/* stream_start: starts the process that the words of RUN ask for. */
#include "stream.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pipe.h"
#include "terminal.h"

/* What is needed only while a process is being started. */
typedef struct
{
  char **environment; /* owned */
  int directory;      /* owned */
  int ours[3];        /* owned until the stream gets them */
  int theirs[3];      /* owned; for a terminal, the same descriptor three times */
} Start;

static void
close_if_open (int *fd)
{
  if (*fd >= 0)
    close (*fd);
  *fd = -1;
}

static void
start_clear (Start *start)
{
  if (start->theirs[1] == start->theirs[0])
    start->theirs[1] = start->theirs[2] = -1;
  for (int i = 0; i < 3; i++)
    {
      close_if_open (&start->ours[i]);
      close_if_open (&start->theirs[i]);
    }
  close_if_open (&start->directory);
  free (start->environment);
}

static bool
open_directory (Start *start, const char *path, Why why)
{
  if (path == NULL)
    return true;
  start->directory = open (path, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (start->directory < 0)
    return explain (why, "cannot start in %.300s: %s", path, strerror (errno));
  return true;
}

static bool
open_pipes (Start *start, Why why)
{
  for (int i = 0; i < 3; i++)
    if (!pipe_open (i == STDIN_FILENO, &start->ours[i], &start->theirs[i]))
      return explain (why, "cannot make a pipe: %s", strerror (errno));
  return true;
}

static bool
open_terminal (Start *start, const Words *words, Why why)
{
  if (!terminal_open (words->rows, words->columns, &start->ours[0], &start->theirs[0], why))
    return false;
  start->theirs[1] = start->theirs[2] = start->theirs[0];
  start->ours[1] = fcntl (start->ours[0], F_DUPFD_CLOEXEC, 0);
  if (start->ours[1] < 0)
    return explain (why, "cannot open a terminal: %s", strerror (errno));
  return true;
}

static bool
make_environment (Start *start, const Environment *base, const Words *words, Why why)
{
  start->environment = environment_make (base, words->environment);
  return start->environment != NULL || explain (why, "out of memory");
}

static pid_t
start_process (const Start *start, const SpawnDefaults *defaults, const Words *words, Why why)
{
  Spawn request = { .defaults = defaults,
                    .argv = words->argv,
                    .environment = start->environment,
                    .directory = start->directory,
                    .stdio = { start->theirs[0], start->theirs[1], start->theirs[2] },
                    .terminal = words->terminal };
  pid_t process = spawn (&request);

  if (process < 0)
    explain (why, "cannot make a process: %s", strerror (errno));
  return process;
}

static int
steal (int *fd)
{
  int stolen = *fd;

  *fd = -1;
  return stolen;
}

static void
take_over (Stream *stream, Start *start, const Words *words, pid_t process)
{
  stream->state = STREAM_RUNS;
  stream->process = process;
  stream->is_terminal = words->terminal;
  stream->in.fd = steal (&start->ours[0]);
  stream->in.is_piped = !words->terminal;
  for (int i = 0; i < 2; i++)
    stream->out[i] = (Output){ .fd = steal (&start->ours[1 + i]),
                               .type = i == 0 ? VQ_HELPER_STDOUT : VQ_HELPER_STDERR,
                               .credit = VQ_HELPER_WINDOW,
                               .left = OUTPUT_UNLIMITED,
                               .is_terminal = words->terminal };
}

bool
stream_start (Stream *stream, const StreamContext *context, const Words *words, Why why)
{
  Start start = { .directory = -1, .ours = { -1, -1, -1 }, .theirs = { -1, -1, -1 } };
  pid_t process = -1;

  if (open_directory (&start, words->directory, why)
      && make_environment (&start, &context->environment, words, why)
      && (words->terminal ? open_terminal (&start, words, why) : open_pipes (&start, why)))
    process = start_process (&start, &context->defaults, words, why);
  if (process >= 0)
    take_over (stream, &start, words, process);
  start_clear (&start);
  return process >= 0;
}
