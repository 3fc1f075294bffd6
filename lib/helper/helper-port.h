// SPDX-License-Identifier: GPL-2.0-or-later
/* Our end of the guest helper's port (helper-wire.h): the connection, its frames in and out, its
 * streams. It knows nothing of what goes on in a stream: commands are helper-channel's, requests
 * helper-request's. Every byte from the guest is hostile: what breaks the rules ends the
 * connection, with an error that says how, and nothing more is read until the next
 * vq_helper_port_sync. What QEMU does not take is bounded, as long as those who send bulk data heed
 * vq_helper_port_is_full.
 *
 * Callbacks come from the main context, none but those of vq_helper_port_sync from inside a call.
 * They may free the port. They must not wait for the helper: nothing is read meanwhile. */
#pragma once

#include <glib.h>

#include "helper/helper-streams.h"
#include "io/send-queue.h"
#include "base/wait.h"

typedef struct _VqHelperPort VqHelperPort;

/* Takes over FD, a stream socket to the port. There is no connection yet. */
VqHelperPort *vq_helper_port_new (int fd);

/* Streams that are still open are forgotten without a word. */
void vq_helper_port_free (VqHelperPort *port);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqHelperPort, vq_helper_port_free)

/* Tells whether the guest has its side of the port open (QEMU says so); at first it has not. When
 * it closes, the connection has failed: the helper has ended. */
void vq_helper_port_set_open (VqHelperPort *port, gboolean open);

/* Sends N raw BYTES (copied) as soon as the guest has the port open: the helper's program, to the
 * script that is to start it. Does not wait: the script says when it has them all, and only then
 * may vq_helper_port_sync be called, which forgets what is not sent yet. */
void vq_helper_port_push (VqHelperPort *port, const void *bytes, gsize n);

/* Makes a connection to the helper with a fresh nonce: HELLO, repeated each 250 ms, and when the
 * port opens, until its reply comes, as what was sent too early may be lost. Any failure of before
 * is forgotten; streams that are still open fail first. Does not wait for the port to open: in a
 * fork it is open already. VQ_ERROR_PEER if the helper is of another version; VQ_ERROR_TIMEOUT
 * ("no answer of the guest helper within N s") at DEADLINE. */
gboolean vq_helper_port_sync (VqHelperPort *port, gint64 deadline, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* The connection has failed or ended, for REASON; called once for each that was made, before its
 * streams fail. */
typedef void (*VqHelperFailed) (const GError *reason, gpointer data);
void vq_helper_port_on_failed (VqHelperPort *port, VqHelperFailed failed, gpointer data);

/* For so many MILLISECONDS nobody is told that a connection has just ended, as it does when the
 * machine dies or the system in it goes down: then somebody else knows better why. At first 0. */
void vq_helper_port_set_grace (VqHelperPort *port, guint milliseconds);

/* Why the connection has failed, or that none was made yet; NULL while it works. */
const GError *vq_helper_port_get_error (VqHelperPort *port);

/* Opens a stream and gives its number; 0 if VQ_HELPER_STREAMS_MAX are open. HANDLERS must outlive
 * it. The frame that ends the stream closes it, when FRAME has returned. If the connection has
 * failed, FAILED is called soon. */
guint32 vq_helper_port_open_stream (VqHelperPort *port, VqHelperStreamKind kind,
                                    const VqHelperStreamHandlers *handlers, gpointer data);

/* Nobody wants to hear of the stream any more. It counts until its end has come. */
void vq_helper_port_drop_stream (VqHelperPort *port, guint32 stream);

/* Sends LENGTH bytes of PAYLOAD, in as many frames of TYPE as it takes: one, unless they are more
 * than VQ_HELPER_PAYLOAD_MAX; VQ_HELPER_SEND_MAX at most. Never blocks: what QEMU does not take yet
 * is kept. Dropped when the connection has failed. */
#define VQ_HELPER_SEND_MAX (64u * 1024)
void vq_helper_port_send (VqHelperPort *port, guint8 type, guint32 stream, const void *payload,
                          gsize length);

/* The same with a number as the payload. */
void vq_helper_port_send_u32 (VqHelperPort *port, guint8 type, guint32 stream, guint32 number);

/* What is sent between these goes out in one piece, as each piece wakes the guest. No bulk data;
 * they do not nest. */
void vq_helper_port_hold (VqHelperPort *port);
void vq_helper_port_release (VqHelperPort *port);

/* TRUE while QEMU takes no more. Who has something to send that can wait, or that there will be
 * more of, should hold it back then. */
gboolean vq_helper_port_is_full (VqHelperPort *port);

/* Calls ROOM once when the port, which must be full, is so no more. All who wait are served in
 * turn, each only while that is so. Dropped when the connection fails. */
void vq_helper_port_wait_for_room (VqHelperPort *port, VqSendRoom room, gpointer data);

/* ROOM will not be called with DATA, if it was to be. */
void vq_helper_port_forget_room (VqHelperPort *port, gpointer data);
