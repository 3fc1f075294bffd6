// SPDX-License-Identifier: GPL-2.0-or-later
/* QMP, QEMU's machine protocol (QEMU's docs/interop/qmp-spec): a greeting, then qmp_capabilities,
 * then commands and, at any time, events. */
#pragma once

#include "io/json-peer.h"
#include "base/wait.h"

typedef struct _VqQmp VqQmp;

/* DATA is the event's "data" object, or an empty one. Called from the main context. */
typedef void (*VqQmpEvent) (const char *event, JsonObject *data, gpointer user_data);

/* Takes over FD, one end of a socket pair whose other end QEMU got as a monitor. */
VqQmp *vq_qmp_new (int fd, VqQmpEvent on_event, gpointer user_data);
void vq_qmp_free (VqQmp *qmp);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqQmp, vq_qmp_free)

/* QEMU has ended: takes in the events that it sent before. Does not wait. */
void vq_qmp_drain (VqQmp *qmp);

/* Waits for the greeting and leaves negotiation mode; before that no other command works. */
gboolean vq_qmp_handshake (VqQmp *qmp, gint64 deadline, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* See vq_json_peer_call. If the connection ends, CANCEL gets up to 1 s to say why: its reason, such
 * as QEMU's exit, is then the error. */
gboolean vq_qmp_call (VqQmp *qmp, const char *command, JsonNode *arguments, JsonNode **result,
                      gint64 deadline, VqCancel *cancel, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Sends a command whose answer nobody needs. */
void vq_qmp_send (VqQmp *qmp, const char *command, JsonNode *arguments);

/* Hands FD (taken over) to QEMU, which knows it by NAME from then on ("fd:NAME"). Does not wait: if
 * QEMU does not get it, the command that names it fails. */
void vq_qmp_send_fd (VqQmp *qmp, const char *name, int fd);

/* WATCH gets the event EVENT too, until the next call; NULL ends it. For a task that waits for an
 * event of its own. */
void vq_qmp_watch (VqQmp *qmp, const char *event, VqQmpEvent watch, gpointer data);

/* One line for the human monitor, for what QMP lacks. *ANSWER is what it printed, "" for nothing.
 */
gboolean vq_qmp_human (VqQmp *qmp, const char *line, char **answer, gint64 deadline,
                       VqCancel *cancel, GError **error) G_GNUC_WARN_UNUSED_RESULT;
