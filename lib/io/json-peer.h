// SPDX-License-Identifier: GPL-2.0-or-later
/* JSON over a socket, one object a line: what QMP and the guest agent have in common. Requests
 * carry an id, several may be under way, events come between the replies.
 *
 *   us:   {"execute": COMMAND, "arguments": {...}, "id": N}
 *   peer: {"return": ..., "id": N} | {"error": {"desc": TEXT}, "id": N} | {"event": NAME, ...}
 *
 * A line is bounded. A byte 0xFF makes what its line held before it void (the guest agent's
 * resynchronisation). Whatever else is not JSON breaks the connection: all requests then fail.
 *
 * A callback may free the peer. It must not wait for it: nothing more is read meanwhile. */
#pragma once

#include <json-glib/json-glib.h>

#include "base/wait.h"

typedef struct _VqJsonPeer VqJsonPeer;

/* RESULT is what "return" held, or NULL with ERROR set; both are valid during the call only. */
typedef void (*VqJsonReply) (JsonNode *result, const GError *error, gpointer data);
/* MESSAGE is any object that is not a reply: an event, or QMP's greeting. */
typedef void (*VqJsonEvent) (JsonObject *message, gpointer data);
/* The connection has ended, for ERROR. Called once, before the pending replies fail. */
typedef void (*VqJsonClosed) (const GError *error, gpointer data);

/* Takes over FD, a connected socket; NAME ("QMP") prefixes its errors. */
VqJsonPeer *vq_json_peer_new (int fd, const char *name);
void vq_json_peer_free (VqJsonPeer *peer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqJsonPeer, vq_json_peer_free)

/* Takes in what has come already, for when the other end is known to be gone: handlers are called
 * from inside. Does not wait. */
void vq_json_peer_drain (VqJsonPeer *peer);

void vq_json_peer_set_handlers (VqJsonPeer *peer, VqJsonEvent event, VqJsonClosed closed,
                                gpointer data);

/* Sends COMMAND with ARGUMENTS (taken, may be NULL). REPLY (may be NULL) is called exactly once,
 * never from inside this call, unless forgotten or freed before. Gives the request's number, never
 * 0. */
gint64 vq_json_peer_send (VqJsonPeer *peer, const char *command, JsonNode *arguments,
                          VqJsonReply reply, gpointer data);

/* REPLY of request ID will not be called; a late answer is dropped. */
void vq_json_peer_forget (VqJsonPeer *peer, gint64 id);

/* FD (taken over) goes along with the bytes of the next request (SCM_RIGHTS), for QMP's getfd. One
 * that an earlier call gave and that could not be sent yet is dropped. */
void vq_json_peer_attach_fd (VqJsonPeer *peer, int fd);

/* Sends raw bytes, for the agent's 0xFF. */
void vq_json_peer_send_raw (VqJsonPeer *peer, const char *bytes, gsize n);

/* Fails every pending request with ERROR, as when the peer is known to have been restarted. */
void vq_json_peer_fail_pending (VqJsonPeer *peer, const GError *error);

/* Sends and waits for the reply. *RESULT (may be NULL) is transfer full. VQ_ERROR_PEER when the
 * peer answers with an error. */
gboolean vq_json_peer_call (VqJsonPeer *peer, const char *command, JsonNode *arguments,
                            JsonNode **result, gint64 deadline, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* A call that somebody waits for: give vq_json_peer_call_reply and the call as REPLY and DATA, wait
 * for vq_json_peer_call_is_done, then vq_json_peer_call_finish gives what came, prefixed with
 * COMMAND if it is an error. *RESULT (may be NULL) is transfer full. */
typedef struct
{
  gboolean done;
  JsonNode *result;
  GError *error;
} VqJsonCall;

void vq_json_peer_call_reply (JsonNode *result, const GError *error, gpointer call);
gboolean vq_json_peer_call_is_done (gpointer call);
gboolean vq_json_peer_call_finish (VqJsonCall *call, const char *command, JsonNode **result,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;
