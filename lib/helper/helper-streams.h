// SPDX-License-Identifier: GPL-2.0-or-later
/* The streams of a connection to the guest helper: which are open, their kinds, and their handlers.
 * Part of helper-port, which has the functions for all other modules. */
#pragma once

#include <glib.h>

#include "helper/helper-frame.h"

typedef struct
{
  /* FRAME has come; it is valid until this returns. Returns FALSE with *ERROR set ("more output
   * than it may") if the frame is not allowed; the connection then fails. */
  gboolean (*frame) (const VqHelperFrame *frame, gpointer data, GError **error);
  /* The connection has failed because of REASON, and the stream is closed. */
  void (*failed) (const GError *reason, gpointer data);
} VqHelperStreamHandlers;

typedef enum
{
  VQ_HELPER_STREAM_COMMAND, /* ends with EXITED, SIGNALLED or NOT_STARTED */
  VQ_HELPER_STREAM_REQUEST, /* ends with DONE, and gets nothing else */
} VqHelperStreamKind;

typedef struct _VqHelperStreams VqHelperStreams;

VqHelperStreams *vq_helper_streams_new (void);
void vq_helper_streams_free (VqHelperStreams *streams);

/* Forgets all streams without calling their handlers. */
void vq_helper_streams_clear (VqHelperStreams *streams);

guint vq_helper_streams_get_number (VqHelperStreams *streams);

/* See vq_helper_port_open_stream and vq_helper_port_drop_stream. */
guint32 vq_helper_streams_open (VqHelperStreams *streams, VqHelperStreamKind kind,
                                const VqHelperStreamHandlers *handlers, gpointer data);
void vq_helper_streams_drop (VqHelperStreams *streams, guint32 number);

/* Gives FRAME, which must not be for stream 0, to its stream, and closes the stream if that is its
 * end. Returns FALSE with *ERROR set if the frame is not allowed. */
gboolean vq_helper_streams_take (VqHelperStreams *streams, const VqHelperFrame *frame,
                                 GError **error);

/* Closes all streams that are open now, and tells their handlers why. */
void vq_helper_streams_fail (VqHelperStreams *streams, const GError *reason);
