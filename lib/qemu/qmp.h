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

/* To be called when QEMU has ended: reads the events that it sent before that. Does not wait. */
void vq_qmp_drain (VqQmp *qmp);

/* Waits for the greeting, and leaves negotiation mode. No other command works before that. */
gboolean vq_qmp_handshake (VqQmp *qmp, gint64 deadline, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Like vq_json_peer_call. If the connection ends, CANCEL gets up to 1 s to say why, because its
 * reason (for example QEMU's exit) makes a better error. */
gboolean vq_qmp_call (VqQmp *qmp, const char *command, JsonNode *arguments, JsonNode **result,
                      gint64 deadline, VqCancel *cancel, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Sends a command and ignores its answer. */
void vq_qmp_send (VqQmp *qmp, const char *command, JsonNode *arguments);

/* Sends FD (taken over) to QEMU, where it is called "fd:NAME" from then on. Does not wait: if QEMU
 * does not get it, the command that uses the name fails. */
void vq_qmp_send_fd (VqQmp *qmp, const char *name, int fd);

/* Sends FD (taken over) to QEMU, where it is in the set of descriptors /dev/fdset/SET from then on.
 * *NUMBER (may be NULL) is its number in QEMU. */
gboolean vq_qmp_add_fd (VqQmp *qmp, int set, int fd, int *number, gint64 deadline, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Also calls WATCH for every event EVENT, for a task that waits for it. Replaces an earlier watch;
 * NULL ends it. */
void vq_qmp_watch (VqQmp *qmp, const char *event, VqQmpEvent watch, gpointer data);

/* Sends one line to the human monitor, for commands that QMP does not have. *ANSWER is what it
 * printed, which may be "". */
gboolean vq_qmp_human (VqQmp *qmp, const char *line, char **answer, gint64 deadline,
                       VqCancel *cancel, GError **error) G_GNUC_WARN_UNUSED_RESULT;
