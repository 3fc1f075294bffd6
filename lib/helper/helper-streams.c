// SPDX-License-Identifier: GPL-2.0-or-later
#include "helper/helper-streams.h"

#include "base/error.h"

typedef struct
{
  guint32 number;
  VqHelperStreamKind kind;
  const VqHelperStreamHandlers *handlers; /* NULL: dropped */
  gpointer data;
} Stream;

struct _VqHelperStreams
{
  GHashTable *table; /* number -> Stream, owned */
  guint32 last;
};

VqHelperStreams *
vq_helper_streams_new (void)
{
  VqHelperStreams *streams = g_new0 (VqHelperStreams, 1);

  streams->table = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  return streams;
}

void
vq_helper_streams_free (VqHelperStreams *streams)
{
  g_hash_table_unref (streams->table);
  g_free (streams);
}

void
vq_helper_streams_clear (VqHelperStreams *streams)
{
  g_hash_table_remove_all (streams->table);
}

guint
vq_helper_streams_get_number (VqHelperStreams *streams)
{
  return g_hash_table_size (streams->table);
}

guint32
vq_helper_streams_open (VqHelperStreams *streams, VqHelperStreamKind kind,
                        const VqHelperStreamHandlers *handlers, gpointer data)
{
  Stream *stream;

  if (g_hash_table_size (streams->table) >= VQ_HELPER_STREAMS_MAX || streams->last == G_MAXUINT32)
    return 0;
  stream = g_new (Stream, 1);
  *stream = (Stream){ ++streams->last, kind, handlers, data };
  g_hash_table_insert (streams->table, GUINT_TO_POINTER (stream->number), stream);
  return stream->number;
}

void
vq_helper_streams_drop (VqHelperStreams *streams, guint32 number)
{
  Stream *stream = g_hash_table_lookup (streams->table, GUINT_TO_POINTER (number));

  if (stream != NULL)
    stream->handlers = NULL;
}

static gboolean
is_end (guint8 type)
{
  return type == VQ_HELPER_EXITED || type == VQ_HELPER_SIGNALLED || type == VQ_HELPER_NOT_STARTED
         || type == VQ_HELPER_DONE;
}

gboolean
vq_helper_streams_take (VqHelperStreams *streams, const VqHelperFrame *frame, GError **error)
{
  gpointer key = GUINT_TO_POINTER (frame->stream);
  Stream *stream = g_hash_table_lookup (streams->table, key);

  if (stream == NULL)
    return vq_error_set (error, VQ_ERROR_PEER,
                         "a frame of type '%c' for stream %u, which is not open", frame->type,
                         frame->stream);
  if ((stream->kind == VQ_HELPER_STREAM_REQUEST) != (frame->type == VQ_HELPER_DONE))
    return vq_error_set (error, VQ_ERROR_PEER, "a frame of type '%c' for a %s", frame->type,
                         stream->kind == VQ_HELPER_STREAM_REQUEST ? "request" : "command");
  if (stream->handlers != NULL && !stream->handlers->frame (frame, stream->data, error))
    return FALSE;
  if (is_end (frame->type))
    g_hash_table_remove (streams->table,
                         key); /* by its number, because the handler may have removed it */
  return TRUE;
}

/* Finds an open stream whose number is at most LAST, or returns NULL. */
static Stream *
find_any (VqHelperStreams *streams, guint32 last)
{
  GHashTableIter iter;
  Stream *stream;

  g_hash_table_iter_init (&iter, streams->table);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *)&stream))
    if (stream->number <= last)
      return stream;
  return NULL;
}

/* Searches again after each stream, because a handler may drop other streams or open new ones. */
void
vq_helper_streams_fail (VqHelperStreams *streams, const GError *reason)
{
  guint32 last = streams->last;
  Stream *stream;

  while ((stream = find_any (streams, last)) != NULL)
    {
      Stream failed = *stream;

      g_hash_table_remove (streams->table, GUINT_TO_POINTER (failed.number));
      if (failed.handlers != NULL)
        failed.handlers->failed (reason, failed.data);
    }
}
