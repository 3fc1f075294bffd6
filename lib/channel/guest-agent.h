// SPDX-License-Identifier: GPL-2.0-or-later
/* A client of the QEMU guest agent (qemu-ga, QEMU's docs/interop/qemu-ga-ref), which listens on a
 * virtio-serial port. The agent answers one request after the other, and never speaks first.
 * Whether there is an agent is known from QEMU, which reports that the port is open. */
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

/* Whether the port is open, so that there is an agent. It may still not answer. */
gboolean vq_guest_agent_is_open (VqGuestAgent *agent);

/* Waits until the port is open and the agent answers guest-sync-delimited. The request is repeated,
 * because what is sent too early may be lost. */
gboolean vq_guest_agent_sync (VqGuestAgent *agent, gint64 deadline, VqCancel *cancel,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Runs ARGV (UTF-8) with guest-exec and an empty stdin, and waits for its end, for which the agent
 * must be asked again and again. If the exit status is not 0, the error holds the end of its
 * stderr. Calls vq_guest_agent_sync first if necessary. */
gboolean vq_guest_agent_run (VqGuestAgent *agent, const char *const *argv, gint64 deadline,
                             VqCancel *cancel, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Asks the guest to power off or to reboot. There is no reply. */
void vq_guest_agent_power_off (VqGuestAgent *agent);
void vq_guest_agent_reboot (VqGuestAgent *agent);
