// SPDX-License-Identifier: GPL-2.0-or-later
/* One of a command's output streams on its way out: what the guest sends, within the window, goes
 * to a descriptor of somebody else (see foreign-fd.h), at the speed of whoever reads that. Part of
 * helper-channel. */
#pragma once

#include <glib.h>

#include "helper/helper-port.h"

typedef struct _VqHelperOutput VqHelperOutput;

/* The frames that the guest is told with. */
typedef struct
{
  guint8 credit, closed;
} VqHelperOutputTypes;

/* Takes over FD. EMPTIED is called, from the main context, when what had to wait is written, or
 * nobody reads it any more; it may free the output. */
VqHelperOutput *vq_helper_output_new (VqHelperPort *port, guint32 stream, VqHelperOutputTypes types,
                                      int fd, void (*emptied) (gpointer data), gpointer data);
void vq_helper_output_free (VqHelperOutput *output);

/* N more bytes have come. Writes what the descriptor takes now and keeps the rest, never more than
 * VQ_HELPER_WINDOW bytes. FALSE with *ERROR set if the guest may not send so many. */
gboolean vq_helper_output_add (VqHelperOutput *output, const guint8 *bytes, gsize n,
                               GError **error);

/* Why output could not be written, a full disk say; NULL if none is lost, or if it is only that
 * nobody reads any more, which is the reader's own wish. */
const GError *vq_helper_output_get_loss (VqHelperOutput *output);

/* Nothing waits to be written. */
gboolean vq_helper_output_is_empty (VqHelperOutput *output);

/* The stream is over: the guest is told nothing more. What waits still goes out. */
void vq_helper_output_end (VqHelperOutput *output);

/* Closes the descriptor, and drops what waits and what will come. */
void vq_helper_output_mute (VqHelperOutput *output);
