// SPDX-License-Identifier: GPL-2.0-or-later
#include "outbox.h"

#include <stdlib.h>
#include <string.h>

/* Room for one frame of output, which is the most that there is at once, and for small frames. */
#define SIZE_AT_FIRST (2 * VQ_HELPER_FRAME_MAX)

/* If the buffer is larger than this, it is freed when everything has been sent. */
#define SIZE_TO_KEEP (1024u * 1024)

size_t
outbox_waiting (const Outbox *outbox)
{
  return outbox->end - outbox->start;
}

static bool
grow (Outbox *outbox, size_t need)
{
  size_t size = outbox->size != 0 ? outbox->size : SIZE_AT_FIRST;
  uint8_t *bytes;

  while (size - outbox->end < need)
    size *= 2;
  bytes = realloc (outbox->bytes, size);
  if (bytes == NULL)
    return false;
  outbox->bytes = bytes;
  outbox->size = size;
  return true;
}

/* Makes room for NEED bytes at the end. */
static bool
make_room (Outbox *outbox, size_t need)
{
  if (outbox->size - outbox->end >= need)
    return true;
  if (outbox->start > 0)
    {
      memmove (outbox->bytes, outbox->bytes + outbox->start, outbox_waiting (outbox));
      outbox->end -= outbox->start;
      outbox->start = 0;
    }
  if (outbox->size - outbox->end < need && !grow (outbox, need))
    outbox->failed = true;
  return !outbox->failed;
}

uint8_t *
outbox_begin (Outbox *outbox, size_t max)
{
  if (!make_room (outbox, VQ_HELPER_HEADER_SIZE + max))
    return NULL;
  return outbox->bytes + outbox->end + VQ_HELPER_HEADER_SIZE;
}

void
outbox_end (Outbox *outbox, uint8_t type, uint32_t stream, size_t length)
{
  uint8_t *header = outbox->bytes + outbox->end;

  header[0] = type;
  header[1] = 0;
  header[2] = length;
  header[3] = length >> 8;
  put_u32 (header + 4, stream);
  outbox->end += VQ_HELPER_HEADER_SIZE + length;
  outbox->used = true;
}

void
outbox_add (Outbox *outbox, uint8_t type, uint32_t stream, const void *payload, size_t length)
{
  uint8_t *bytes = outbox_begin (outbox, length);

  if (bytes == NULL)
    return;
  if (length > 0)
    memcpy (bytes, payload, length);
  outbox_end (outbox, type, stream, length);
}

void
outbox_add_u32 (Outbox *outbox, uint8_t type, uint32_t stream, uint32_t value)
{
  uint8_t payload[4];

  put_u32 (payload, value);
  outbox_add (outbox, type, stream, payload, sizeof payload);
}

void
outbox_add_padding (Outbox *outbox)
{
  if (!make_room (outbox, VQ_HELPER_FRAME_MAX))
    return;
  memset (outbox->bytes + outbox->end, 0, VQ_HELPER_FRAME_MAX);
  outbox->end += VQ_HELPER_FRAME_MAX;
}

void
outbox_remove (Outbox *outbox, size_t n)
{
  outbox->start += n;
  if (outbox->start == outbox->end)
    outbox_drop (outbox);
}

void
outbox_drop (Outbox *outbox)
{
  outbox->start = outbox->end = 0;
  if (outbox->size > SIZE_TO_KEEP)
    outbox_clear (outbox);
}

void
outbox_clear (Outbox *outbox)
{
  free (outbox->bytes);
  outbox->bytes = NULL;
  outbox->start = outbox->end = outbox->size = 0;
}
