// SPDX-License-Identifier: GPL-2.0-or-later
/* Our end of the guest helper's port (helper-wire.h): the connection, its frames in and out, and
 * the requests that are not commands. It knows nothing of processes or descriptors; those are
 * helper-channel's. Every byte from the guest is hostile: what breaks the rules of frames ends the
 * connection, with an error that says how. */
#pragma once

#include <glib.h>

#include "helper-wire.h"
#include "wait.h"

typedef struct _VqHelperPort VqHelperPort;

/* Takes over FD, a stream socket to the port. */
VqHelperPort *vq_helper_port_new (int fd);
void vq_helper_port_free (VqHelperPort *port);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqHelperPort, vq_helper_port_free)

/* Tells whether the guest has its side of the port open (QEMU says so). When it closes, the
 * connection has failed: the helper has ended. */
void vq_helper_port_set_open (VqHelperPort *port, gboolean open);

/* Waits until the guest has opened the port, then sends N raw BYTES: the helper's program, to the
 * script that is to start it. Waits until QEMU has taken them all. */
gboolean vq_helper_port_push (VqHelperPort *port, const void *bytes, gsize n, gint64 deadline,
                              VqCancel *cancel, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Makes a connection to the helper with a fresh nonce: HELLO, repeated each 250 ms until its reply
 * comes, as what was sent too early may be lost. Any failure of before is forgotten. Does not wait
 * for the port to open: in a fork it is open already. VQ_ERROR_PEER if the helper is of another
 * version. */
gboolean vq_helper_port_sync (VqHelperPort *port, gint64 deadline, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Sets the guest's clock to ours, and gives its kernel fresh random bytes of ours. They wait for
 * the helper to have done it. */
gboolean vq_helper_port_set_clock (VqHelperPort *port, gint64 deadline, VqCancel *cancel,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean vq_helper_port_add_entropy (VqHelperPort *port, gint64 deadline, VqCancel *cancel,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Called from the main context for each frame of a stream; PAYLOAD is valid until it returns. Gives
 * FALSE with *ERROR set for a frame that is not allowed: the connection then has failed. */
typedef gboolean (*VqHelperFrame) (guint8 type, const guint8 *payload, gsize length, gpointer data,
                                   GError **error);
/* The connection has failed or ended, for REASON; called once for each connection. */
typedef void (*VqHelperFailed) (const GError *reason, gpointer data);

void vq_helper_port_on_failed (VqHelperPort *port, VqHelperFailed failed, gpointer data);

/* Opens a stream and gives its number; FRAME gets its frames until it is closed. A stream must be
 * closed only when its end has been told or the connection has failed. */
guint32 vq_helper_port_open_stream (VqHelperPort *port, VqHelperFrame frame, gpointer data);
void vq_helper_port_close_stream (VqHelperPort *port, guint32 stream);

/* Sends a frame; LENGTH is at most VQ_HELPER_PAYLOAD_MAX. Never blocks: what QEMU does not take yet
 * is kept. Dropped when the connection has failed. */
void vq_helper_port_send (VqHelperPort *port, guint8 type, guint32 stream, const void *payload,
                          gsize length);

/* TRUE while so much waits to be sent that whoever has more bulk data should hold it back. DRAINED
 * is called when that is over. */
gboolean vq_helper_port_is_full (VqHelperPort *port);
void vq_helper_port_on_drained (VqHelperPort *port, void (*drained) (gpointer data), gpointer data);

/* Why the connection has failed, NULL while it works. */
const GError *vq_helper_port_get_error (VqHelperPort *port);
