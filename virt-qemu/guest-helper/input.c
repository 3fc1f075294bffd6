// SPDX-License-Identifier: GPL-2.0-or-later
#include "input.h"

#include "pipe.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Credit is sent in portions of at least this size unless nothing waits, because a small frame
 * costs as much as any other. */
#define CREDIT_MIN (VQ_HELPER_WINDOW / 8)

static size_t
waiting (const Input *input)
{
  return input->end - input->start;
}

static void
drop_queue (Input *input)
{
  input->done += waiting (input);
  free (input->bytes);
  input->bytes = NULL;
  input->start = input->end = 0;
}

void
input_close (Input *input)
{
  if (input->fd < 0)
    return;
  close (input->fd);
  input->fd = -1;
  drop_queue (input);
  input->refused = !input->ended;
}

/* Writes to the pipe, and returns how many of the N bytes it has taken. */
static size_t
write_some (Input *input, const uint8_t *bytes, size_t n)
{
  ssize_t taken;

  do
    taken = write (input->fd, bytes, n);
  while (taken < 0 && errno == EINTR);
  if (taken < 0 && errno != EAGAIN)
    input_close (input);
  if (taken < 0)
    return 0;
  input->done += taken;
  return taken;
}

/* The same, but if the pipe is full, it is enlarged once. */
static size_t
write_at_once (Input *input, const uint8_t *bytes, size_t n)
{
  size_t taken = write_some (input, bytes, n);

  if (taken == n || input->fd < 0 || !input->is_piped || input->is_large)
    return taken;
  pipe_enlarge (input->fd);
  input->is_large = true;
  return taken + write_some (input, bytes + taken, n - taken);
}

static bool
put_into_queue (Input *input, const uint8_t *bytes, size_t n)
{
  if (input->bytes == NULL)
    input->bytes = malloc (VQ_HELPER_WINDOW);
  if (input->bytes == NULL)
    return false;
  if (VQ_HELPER_WINDOW - input->end < n)
    {
      memmove (input->bytes, input->bytes + input->start, waiting (input));
      input->end -= input->start;
      input->start = 0;
    }
  memcpy (input->bytes + input->end, bytes, n);
  input->end += n;
  return true;
}

bool
input_take (Input *input, const uint8_t *bytes, size_t n, Why why)
{
  size_t taken = 0;

  if (input->ended)
    return explain (why, "STDIN after STDIN_END");
  if (n > VQ_HELPER_WINDOW - input->uncredited)
    return explain (why, "more of STDIN than its window");
  input->uncredited += n;
  if (input->fd >= 0 && waiting (input) == 0)
    taken = write_at_once (input, bytes, n);
  if (input->fd < 0)
    input->done += n - taken;
  else if (taken < n && !put_into_queue (input, bytes + taken, n - taken))
    return explain (why, "out of memory");
  return true;
}

/* A pipe is closed when everything is written. A terminal is hung up at once, when the output
 * closes its descriptor. */
bool
input_take_end (Input *input, Why why)
{
  if (input->ended)
    return explain (why, "STDIN_END twice");
  input->ended = true;
  if (waiting (input) == 0 || !input->is_piped)
    input_close (input);
  return true;
}

bool
input_waits (const Input *input)
{
  return waiting (input) > 0;
}

void
input_move (Input *input)
{
  input->start += write_some (input, input->bytes + input->start, waiting (input));
  if (input->fd >= 0 && waiting (input) == 0)
    {
      input->start = input->end = 0;
      if (input->ended)
        input_close (input);
    }
}

void
input_report (Input *input, uint32_t stream, Outbox *out)
{
  if (input->refused)
    outbox_add (out, VQ_HELPER_STDIN_CLOSED, stream, NULL, 0);
  input->refused = false;
  if (input->done == 0 || (input->done < CREDIT_MIN && input_waits (input)))
    return;
  outbox_add_u32 (out, VQ_HELPER_STDIN_CREDIT, stream, input->done);
  input->uncredited -= input->done;
  input->done = 0;
}
