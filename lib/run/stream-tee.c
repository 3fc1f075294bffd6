// SPDX-License-Identifier: GPL-2.0-or-later
#include "run/stream-tee.h"

#include <unistd.h>

#include "io/fd-reader.h"
#include "io/fd-writer.h"

#define BLOCK (64 * 1024)

enum
{
  WATCHER,
  LOG,
  N_WRITERS,
};

struct _VqStreamTee
{
  VqFdReader *reader;
  VqFdWriter *writers[N_WRITERS]; /* NULL: none, or it has failed */
  gsize written[N_WRITERS];       /* bytes of the block */
  gsize n;                        /* bytes in the block */
  gboolean ended;
  VqStreamTeeFull full;
  gpointer full_data;
  char block[BLOCK];
};

static void pump (gpointer data);

static void
give_up (VqStreamTee *tee, int which)
{
  const GError *error = vq_fd_writer_get_error (tee->writers[which]);

  if (which == LOG && tee->full != NULL)
    tee->full (error, tee->full_data);
  g_clear_pointer (&tee->writers[which], vq_fd_writer_free);
}

/* Writes the rest of the block to the writer WHICH. FALSE: it is full, and pump is called again. */
static gboolean
write_to (VqStreamTee *tee, int which)
{
  VqFdWriter *writer = tee->writers[which];
  gsize *written = &tee->written[which];

  if (writer == NULL || *written == tee->n)
    return TRUE;
  *written += vq_fd_writer_try (writer, tee->block + *written, tee->n - *written);
  if (*written == tee->n)
    return TRUE;
  if (vq_fd_writer_get_error (writer) == NULL)
    {
      vq_fd_writer_wait (writer, pump, tee);
      return FALSE;
    }
  give_up (tee, which);
  return TRUE;
}

/* Reads the next block. FALSE: there is none, and if one may come, pump is called again. */
static gboolean
read_block (VqStreamTee *tee)
{
  gssize n = vq_fd_reader_try (tee->reader, tee->block, sizeof tee->block);

  if (n < 0)
    vq_fd_reader_wait (tee->reader, pump, tee);
  tee->ended = n == 0;
  tee->n = MAX (n, 0);
  tee->written[WATCHER] = tee->written[LOG] = 0;
  return n > 0;
}

static void
pump (gpointer data)
{
  VqStreamTee *tee = data;

  while (write_to (tee, WATCHER) && write_to (tee, LOG) && read_block (tee))
    ;
}

VqStreamTee *
vq_stream_tee_new (int in, int watcher, int log)
{
  VqStreamTee *tee = g_new0 (VqStreamTee, 1);

  tee->reader = vq_fd_reader_new (in);
  tee->writers[WATCHER] = watcher >= 0 ? vq_fd_writer_new (watcher) : NULL;
  tee->writers[LOG] = log >= 0 ? vq_fd_writer_new (log) : NULL;
  vq_fd_reader_wait (tee->reader, pump, tee);
  return tee;
}

void
vq_stream_tee_free (VqStreamTee *tee)
{
  vq_fd_reader_free (tee->reader);
  for (int i = 0; i < N_WRITERS; i++)
    if (tee->writers[i] != NULL)
      vq_fd_writer_free (tee->writers[i]);
  g_free (tee);
}

void
vq_stream_tee_on_full (VqStreamTee *tee, VqStreamTeeFull full, gpointer data)
{
  tee->full = full;
  tee->full_data = data;
}

gboolean
vq_stream_tee_has_ended (VqStreamTee *tee)
{
  return tee->ended;
}
