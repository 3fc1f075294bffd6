// SPDX-License-Identifier: GPL-2.0-or-later
#include "helper/helper-run.h"

#include <string.h>

typedef struct
{
  VqHelperPort *port; /* NULL: only measure the request */
  guint32 stream;
  gsize total;
  guint8 *part; /* VQ_HELPER_PAYLOAD_MAX bytes */
  gsize n;      /* how many of them are used */
} Writer;

/* A part is sent only when more follows, so that the final RUN is never empty. */
static void
put_bytes (Writer *writer, const char *bytes, gsize n)
{
  writer->total += n;
  while (writer->port != NULL && n > 0)
    {
      gsize piece = MIN (n, VQ_HELPER_PAYLOAD_MAX - writer->n);

      memcpy (writer->part + writer->n, bytes, piece);
      writer->n += piece;
      bytes += piece;
      n -= piece;
      if (n > 0)
        {
          vq_helper_port_send (writer->port, VQ_HELPER_RUN_PART, writer->stream, writer->part,
                               writer->n);
          writer->n = 0;
        }
    }
}

static void
put_word (Writer *writer, char letter, const char *word)
{
  put_bytes (writer, &letter, 1);
  put_bytes (writer, word, strlen (word) + 1);
}

static void
put_terminal (Writer *writer, const VqTerminal *terminal)
{
  g_autofree char *size = g_strdup_printf ("%u %u", terminal->rows, terminal->columns);

  put_word (writer, 't', size);
  put_word (writer, 'd', terminal->directory);
  for (const char *const *word = terminal->environment; *word != NULL; word++)
    put_word (writer, 'e', *word);
}

static void
put_all (Writer *writer, const VqHelperRun *run)
{
  if (run->terminal != NULL)
    put_terminal (writer, run->terminal);
  for (const char *const *word = run->argv; *word != NULL; word++)
    put_word (writer, 'a', *word);
}

gsize
vq_helper_run_measure (const VqHelperRun *run)
{
  Writer writer = { 0 };

  put_all (&writer, run);
  return writer.total;
}

void
vq_helper_run_send (const VqHelperRun *run, VqHelperPort *port, guint32 stream)
{
  g_autofree guint8 *part = g_malloc (VQ_HELPER_PAYLOAD_MAX);
  Writer writer = { .port = port, .stream = stream, .part = part };

  put_all (&writer, run);
  vq_helper_port_send (port, VQ_HELPER_RUN, stream, part, writer.n);
}
