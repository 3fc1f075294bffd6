// SPDX-License-Identifier: GPL-2.0-or-later
/* The stdout or stderr of a command on its way from the guest. What the guest sends, within the
 * window, is written to the user's descriptor (see foreign-fd.h), as fast as that is read. Part of
 * helper-channel. */
#pragma once

#include <glib.h>

#include "helper/helper-port.h"

typedef struct _VqHelperOutput VqHelperOutput;

/* The types of the frames that we send for this output. */
typedef struct
{
  guint8 credit, closed;
} VqHelperOutputTypes;

/* Takes over FD. EMPTIED is called from the main context when everything that had to wait is
 * written, or nobody reads it any more. It may free the output. */
VqHelperOutput *vq_helper_output_new (VqHelperPort *port, guint32 stream, VqHelperOutputTypes types,
                                      int fd, void (*emptied) (gpointer data), gpointer data);
void vq_helper_output_free (VqHelperOutput *output);

/* N more bytes have come. Writes what the descriptor takes now, and keeps the rest, which is never
 * more than VQ_HELPER_WINDOW bytes. Returns FALSE with *ERROR set if the guest has exceeded its
 * credit. */
gboolean vq_helper_output_add (VqHelperOutput *output, const guint8 *bytes, gsize n,
                               GError **error);

/* Closes the descriptor, and tells why output was lost, for example because of a full disk. NULL if
 * none was lost, and also if the reader has closed its end, because then it does not want the rest.
 * OUTPUT may be NULL. */
const GError *vq_helper_output_close (VqHelperOutput *output);

/* Whether nothing waits to be written. */
gboolean vq_helper_output_is_empty (VqHelperOutput *output);

/* The stream is over, so nothing more is sent to the guest. What waits is still written. */
void vq_helper_output_end (VqHelperOutput *output);

/* Closes the descriptor, and drops what waits and what still comes. */
void vq_helper_output_mute (VqHelperOutput *output);
