// SPDX-License-Identifier: GPL-2.0-or-later
#include "output.h"

#include "pipe.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* More than a pseudo-terminal can hold. */
#define TERMINAL_REST (128u * 1024)

/* If one read gives so much, the writer is busy, and a larger pipe pays. */
#define BUSY (16u * 1024)

bool
output_add_credit (Output *output, uint32_t n, Why why)
{
  if (n > VQ_HELPER_WINDOW - output->credit)
    return explain (why, "more credit than a window");
  output->credit += n;
  return true;
}

bool
output_wants (const Output *output)
{
  return output->fd >= 0 && output->credit > 0 && output->left > 0;
}

bool
output_is_urgent (const Output *output)
{
  return output->is_terminal && output->left != OUTPUT_UNLIMITED;
}

static void
sent (Output *output, size_t n)
{
  output->credit -= n;
  if (output->left != OUTPUT_UNLIMITED)
    output->left -= n;
  if (n >= BUSY && !output->is_large && !output->is_terminal)
    {
      pipe_enlarge (output->fd);
      output->is_large = true;
    }
}

bool
output_move (Output *output, uint32_t stream, Outbox *out, size_t max)
{
  size_t n = MIN (MIN (max, output->credit), output->left);
  uint8_t *payload = outbox_begin (out, n);
  ssize_t taken = payload != NULL ? read (output->fd, payload, n) : -1;

  if (payload == NULL || (taken < 0 && errno == EINTR))
    return false;
  if (taken > 0)
    {
      outbox_end (out, output->type, stream, taken);
      sent (output, taken);
      return (size_t)taken == n;
    }
  if (taken == 0 || errno != EAGAIN)
    output_close (output);
  else if (output->left != OUTPUT_UNLIMITED)
    output->left = 0;
  return false;
}

void
output_limit (Output *output)
{
  int n = 0;

  if (output->fd < 0)
    return;
  if (output->is_terminal)
    n = TERMINAL_REST;
  else
    ioctl (output->fd, FIONREAD, &n);
  output->left = n;
}

bool
output_is_done (const Output *output)
{
  return output->fd < 0 || output->left == 0;
}

void
output_close (Output *output)
{
  if (output->fd >= 0)
    close (output->fd);
  output->fd = -1;
}

void
output_leave (Output *output, Sinks *sinks)
{
  if (output->fd >= 0 && !output->is_terminal)
    sinks_add (sinks, output->fd);
  else
    output_close (output);
  output->fd = -1;
}
