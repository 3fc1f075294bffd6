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

/* Runs ARGV (UTF-8) with guest-exec, its stdin empty, and waits for its end: the agent must be
 * asked again and again whether it has ended. If it ends with anything but status 0, the error
 * holds the end of its stderr. Connects first (vq_guest_agent_sync) if need be. */
gboolean vq_guest_agent_run (VqGuestAgent *agent, const char *const *argv, gint64 deadline,
                             VqCancel *cancel, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Asks the guest to power off, or to reboot; no reply comes. */
void vq_guest_agent_power_off (VqGuestAgent *agent);
void vq_guest_agent_reboot (VqGuestAgent *agent);
