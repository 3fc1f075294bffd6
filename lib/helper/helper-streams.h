// SPDX-License-Identifier: GPL-2.0-or-later
/* The streams of a connection to the guest helper: which are open, of what kind, and who hears of
 * them. Part of helper-port, which has the functions for everybody else. */
#pragma once

#include <glib.h>

#include "helper/helper-frame.h"

typedef struct
{
  /* FRAME has come, valid until this returns. FALSE with *ERROR set ("more output than it may") if
   * it is not allowed: the connection then fails. */
  gboolean (*frame) (const VqHelperFrame *frame, gpointer data, GError **error);
  /* The connection has failed for REASON; the stream is closed. */
  void (*failed) (const GError *reason, gpointer data);
} VqHelperStreamHandlers;

typedef enum
{
  VQ_HELPER_STREAM_COMMAND, /* gets what a command may, and ends with how it ended */
  VQ_HELPER_STREAM_REQUEST, /* gets DONE, and ends with it */
} VqHelperStreamKind;

typedef struct _VqHelperStreams VqHelperStreams;

VqHelperStreams *vq_helper_streams_new (void);
void vq_helper_streams_free (VqHelperStreams *streams);

/* Forgets all without a word. */
void vq_helper_streams_clear (VqHelperStreams *streams);

guint vq_helper_streams_get_number (VqHelperStreams *streams);

/* As vq_helper_port_open_stream and _drop_stream. */
guint32 vq_helper_streams_open (VqHelperStreams *streams, VqHelperStreamKind kind,
                                const VqHelperStreamHandlers *handlers, gpointer data);
void vq_helper_streams_drop (VqHelperStreams *streams, guint32 number);

/* Hands FRAME, which is not of stream 0, to its stream, and closes that if it is the end. FALSE
 * with *ERROR set if the frame is not allowed. */
gboolean vq_helper_streams_take (VqHelperStreams *streams, const VqHelperFrame *frame,
                                 GError **error);

/* Closes all that are open now, and tells them why. */
void vq_helper_streams_fail (VqHelperStreams *streams, const GError *reason);
