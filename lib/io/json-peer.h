// SPDX-License-Identifier: GPL-2.0-or-later
/* JSON over a socket, one object per line, as both QMP and the guest agent speak it. Requests carry
 * an id, several requests may be under way, and events may come between the replies.
 *
 *   us:   {"execute": COMMAND, "arguments": {...}, "id": N}
 *   peer: {"return": ..., "id": N} | {"error": {"desc": TEXT}, "id": N} | {"event": NAME, ...}
 *
 * The length of a line is limited. A byte 0xFF discards the part of its line before it (this is how
 * the guest agent resynchronises). Anything else that is not JSON breaks the connection, and all
 * requests fail.
 *
 * A callback may free the peer. It must not wait for the peer, because nothing is read until it
 * returns. */
#pragma once

#include <json-glib/json-glib.h>

#include "base/wait.h"

typedef struct _VqJsonPeer VqJsonPeer;

/* RESULT is the value of "return", or NULL with ERROR set. Both are valid only during the call. */
typedef void (*VqJsonReply) (JsonNode *result, const GError *error, gpointer data);
/* MESSAGE is any object that is not a reply: an event, or QMP's greeting. */
typedef void (*VqJsonEvent) (JsonObject *message, gpointer data);
/* The connection has ended, for ERROR. Called once, before the pending replies fail. */
typedef void (*VqJsonClosed) (const GError *error, gpointer data);

/* Takes over FD, a connected socket; NAME ("QMP") prefixes its errors. */
VqJsonPeer *vq_json_peer_new (int fd, const char *name);
void vq_json_peer_free (VqJsonPeer *peer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqJsonPeer, vq_json_peer_free)

/* Reads what has already arrived, for when the other end is known to be gone. Handlers are called
 * from inside this. Does not wait. */
void vq_json_peer_drain (VqJsonPeer *peer);

void vq_json_peer_set_handlers (VqJsonPeer *peer, VqJsonEvent event, VqJsonClosed closed,
                                gpointer data);

/* Sends COMMAND with ARGUMENTS (taken over, may be NULL). REPLY (may be NULL) is called exactly
 * once, never from inside this call, unless the peer is freed first. Returns the request's id,
 * which is never 0. */
gint64 vq_json_peer_send (VqJsonPeer *peer, const char *command, JsonNode *arguments,
                          VqJsonReply reply, gpointer data);

/* Sends FD (taken over) along with the next request (SCM_RIGHTS), for QMP's getfd. If a descriptor
 * from an earlier call has not been sent yet, it is dropped. */
void vq_json_peer_attach_fd (VqJsonPeer *peer, int fd);

/* Sends raw bytes, such as the guest agent's 0xFF. */
void vq_json_peer_send_raw (VqJsonPeer *peer, const char *bytes, gsize n);

/* Fails every pending request with ERROR, for example because the peer is known to have
 * restarted. */
void vq_json_peer_fail_pending (VqJsonPeer *peer, const GError *error);

/* Sends and waits for the reply. *RESULT (may be NULL) is transfer full. VQ_ERROR_PEER when the
 * peer answers with an error. */
gboolean vq_json_peer_call (VqJsonPeer *peer, const char *command, JsonNode *arguments,
                            JsonNode **result, gint64 deadline, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
