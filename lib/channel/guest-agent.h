// SPDX-License-Identifier: GPL-2.0-or-later
/* The QEMU guest agent (qemu-ga, QEMU's docs/interop/qemu-ga-ref): requests on its virtio-serial
 * port. The agent answers one request after the other and never speaks first; whether it is there
 * at all is told by QEMU (the port is open), not by the agent. */
#pragma once

#include "io/json-peer.h"
#include "base/wait.h"

typedef struct _VqGuestAgent VqGuestAgent;

/* Takes over FD, a stream socket to the agent's port. */
VqGuestAgent *vq_guest_agent_new (int fd);
void vq_guest_agent_free (VqGuestAgent *agent);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqGuestAgent, vq_guest_agent_free)

/* Tells whether the guest has its side of the port open. When it closes, all requests fail. */
void vq_guest_agent_set_open (VqGuestAgent *agent, gboolean open);

/* Whether it has: there is an agent, which may answer or not. */
gboolean vq_guest_agent_is_open (VqGuestAgent *agent);

/* Waits until the agent is there and answers: for the port to open, then for the reply to
 * guest-sync-delimited, which is repeated, as what was sent too early may be lost. */
gboolean vq_guest_agent_sync (VqGuestAgent *agent, gint64 deadline, VqCancel *cancel,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* One request and its reply. After a timeout the next call resynchronises first, so that a late
 * reply is nobody else's. */
gboolean vq_guest_agent_call (VqGuestAgent *agent, const char *command, JsonNode *arguments,
                              JsonNode **result, gint64 deadline, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* The same without waiting; see vq_json_peer_send and vq_json_peer_forget. While the agent is not
 * there, nothing is sent and REPLY gets an error. */
gint64 vq_guest_agent_send (VqGuestAgent *agent, const char *command, JsonNode *arguments,
                            VqJsonReply reply, gpointer data);
void vq_guest_agent_forget (VqGuestAgent *agent, gint64 id);

/* Runs ARGV (UTF-8) with guest-exec, its stdin empty, and waits for its end. *STATUS (may be NULL)
 * gets its exit status; with NULL anything but 0 is an error that tells its stderr. *OUT (may be
 * NULL) gets its stdout. Meant for the few steps before a channel is there: the agent must be asked
 * again and again whether the command has ended. */
gboolean vq_guest_agent_run (VqGuestAgent *agent, const char *const *argv, int *status, char **out,
                             gint64 deadline, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Writes a file in the guest (guest-file-open with mode "w"). */
gboolean vq_guest_agent_write_file (VqGuestAgent *agent, const char *path, const char *bytes,
                                    gsize n, gint64 deadline, VqCancel *cancel, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Asks the guest to power off, or to reboot; no reply comes. */
void vq_guest_agent_power_off (VqGuestAgent *agent);
void vq_guest_agent_reboot (VqGuestAgent *agent);
