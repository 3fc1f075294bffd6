// SPDX-License-Identifier: GPL-2.0-or-later
/* What we send to the helper (helper-wire.h): makes the frames, and keeps them until the helper has
 * acknowledged them, so that they can be sent again after the guest has slept. As long as bulk data
 * stops while the send queue is full, what a guest that acknowledges nothing makes us keep is
 * bounded. */
#pragma once

#include <glib.h>

#include "helper/helper-wire.h"
#include "io/send-queue.h"

typedef struct _VqHelperLink VqHelperLink;

/* OUT stays the caller's and must outlive the result. It counts as full while the guest sleeps and
 * while VQ_HELPER_UNACKED_MAX bytes are not acknowledged. */
VqHelperLink *vq_helper_link_new (VqSendQueue *out);
void vq_helper_link_free (VqHelperLink *link);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqHelperLink, vq_helper_link_free)

/* Forgets all frames. HELLO is the magic and the nonce of the next connection. */
void vq_helper_link_begin (VqHelperLink *link, const guint8 *hello);

/* Sends padding, and HELLO or RESUME, which are not kept. RESUME has NUMBER and POSITION. */
void vq_helper_link_send_padding (VqHelperLink *link);
void vq_helper_link_send_hello (VqHelperLink *link);
void vq_helper_link_send_resume (VqHelperLink *link, guint32 number, guint32 position);

/* Sends LENGTH bytes of PAYLOAD in as many frames of TYPE as needed, unless the guest sleeps. */
void vq_helper_link_send (VqHelperLink *link, guint8 type, guint32 stream, const void *payload,
                          gsize length);

/* Adds an ACK, which goes out together with the next frame, or with vq_helper_link_flush. */
void vq_helper_link_add_ack (VqHelperLink *link, guint32 position);
void vq_helper_link_flush (VqHelperLink *link);

/* The helper has taken everything up to POSITION. FALSE with *ERROR set if we have not come so
 * far. May call those who wait for room in the send queue, who may free the link. */
gboolean vq_helper_link_acknowledge (VqHelperLink *link, guint32 position, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* The guest sleeps: what was sent may be lost, and nothing more is sent. */
void vq_helper_link_fall_asleep (VqHelperLink *link);

/* The guest is awake, and its helper has taken everything up to POSITION; the rest is sent again.
 * Returns as vq_helper_link_acknowledge. */
gboolean vq_helper_link_wake_up (VqHelperLink *link, guint32 position, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
