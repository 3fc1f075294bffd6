// SPDX-License-Identifier: GPL-2.0-or-later
/* The host's end of the guest helper's port (helper-wire.h): the connection, its frames in both
 * directions, its streams. What happens in a stream is not known here: helper-channel does
 * commands, and helper-renew does requests. Every byte from the guest may be hostile. If the guest
 * breaks the rules, the connection ends with an error that says how, and nothing is read until the
 * next vq_helper_port_sync. What QEMU does not take is kept; that is bounded as long as all who
 * send bulk data stop while vq_helper_port_is_full.
 *
 * Callbacks come from the main context, and never from inside a call, except for
 * vq_helper_port_sync. They may free the port. They must not wait for the helper, because nothing
 * is read until they return. */
#pragma once

#include <glib.h>

#include "helper/helper-streams.h"
#include "io/send-queue.h"
#include "base/wait.h"

typedef struct _VqHelperPort VqHelperPort;

/* Takes over FD, a stream socket to the port. It is not connected to a helper yet. */
VqHelperPort *vq_helper_port_new (int fd);

/* Streams that are still open are forgotten, without calling their handlers. */
void vq_helper_port_free (VqHelperPort *port);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqHelperPort, vq_helper_port_free)

/* Tells whether the guest has its side of the port open, which QEMU reports. At first it has not.
 * When the guest closes it and does not open it again within the grace (vq_helper_port_set_grace),
 * the helper has ended, and the connection fails; or else the guest has slept, and everything goes
 * on as if nothing had happened. */
void vq_helper_port_set_open (VqHelperPort *port, gboolean open);

/* Tells whether the guest's driver of all its ports is down, because the guest sleeps or is booting
 * another system. At first it is not. While it is down, a port that is closed is no failure. */
void vq_helper_port_set_driver_down (VqHelperPort *port, gboolean down);

/* Sends N raw BYTES (copied) as soon as the guest opens the port: the helper's program, for the
 * script that starts it. Does not wait: the script tells when it has received them all, and only
 * then may vq_helper_port_sync be called, which drops what is not sent yet. */
void vq_helper_port_push (VqHelperPort *port, const void *bytes, gsize n);

/* Connects to the helper with a new nonce. Sends HELLO every 250 ms, and when the port opens, until
 * the reply comes, because what is sent too early may be lost. An earlier failure is forgotten, and
 * streams that are still open fail first. Does not wait for the port to open, because in a fork it
 * is open already. VQ_ERROR_PEER if the helper has another version; VQ_ERROR_TIMEOUT ("no answer of
 * the guest helper within N s") at DEADLINE. */
gboolean vq_helper_port_sync (VqHelperPort *port, gint64 deadline, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Called once when a connection has failed or ended, because of REASON, before its streams fail. */
typedef void (*VqHelperFailed) (const GError *reason, gpointer data);
void vq_helper_port_on_failed (VqHelperPort *port, VqHelperFailed failed, gpointer data);

/* Delays the failure of a connection that has ended by MILLISECONDS (0 by default). When the
 * machine dies or its system goes down, others then have time to report the better reason. */
void vq_helper_port_set_grace (VqHelperPort *port, guint milliseconds);

/* Why the connection has failed, or that there is none yet. NULL while it works. */
const GError *vq_helper_port_get_error (VqHelperPort *port);

/* Opens a stream and returns its number, or 0 if VQ_HELPER_STREAMS_MAX are open. HANDLERS must
 * outlive the stream. A frame that ends the stream closes it when the handler FRAME has returned.
 * If the connection has failed already, the handler FAILED is called soon. */
guint32 vq_helper_port_open_stream (VqHelperPort *port, VqHelperStreamKind kind,
                                    const VqHelperStreamHandlers *handlers, gpointer data);

/* The handlers of the stream are not called any more. It counts as open until its end comes from
 * the guest. */
void vq_helper_port_drop_stream (VqHelperPort *port, guint32 stream);

/* Sends LENGTH bytes of PAYLOAD, at most VQ_HELPER_SEND_MAX, in as many frames of TYPE as needed.
 * Never blocks: what QEMU does not take now is kept. Does nothing if the connection has failed. */
#define VQ_HELPER_SEND_MAX (64u * 1024)
void vq_helper_port_send (VqHelperPort *port, guint8 type, guint32 stream, const void *payload,
                          gsize length);

/* The same with a number as the payload. */
void vq_helper_port_send_u32 (VqHelperPort *port, guint8 type, guint32 stream, guint32 number);

/* What is sent between hold and release goes out in one piece, because each piece wakes the guest.
 * Not for bulk data. Calls do not nest. */
void vq_helper_port_hold (VqHelperPort *port);
void vq_helper_port_release (VqHelperPort *port);

/* TRUE while QEMU takes no more. Senders should then hold back bulk data and everything that can
 * wait. */
gboolean vq_helper_port_is_full (VqHelperPort *port);

/* Calls ROOM once when the port is not full any more. It must be full now. Several that wait are
 * called in turn, as long as the port is not full again. Forgotten when the connection fails. */
void vq_helper_port_wait_for_room (VqHelperPort *port, VqSendRoom room, gpointer data);

/* Cancels a vq_helper_port_wait_for_room with DATA, if there is one. */
void vq_helper_port_forget_room (VqHelperPort *port, gpointer data);
