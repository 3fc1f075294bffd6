// SPDX-License-Identifier: GPL-2.0-or-later
/* Connects us with the system inside a running machine: the ways in, the guest helper that is
 * brought in through one of them, and the channel on which commands run (--channel). */
#pragma once

#include <glib.h>

#include "channel/channel.h"
#include "plan/plan.h"
#include "qemu/qemu.h"
#include "ssh/ssh-login.h"

typedef struct _VqGuestLink VqGuestLink;

/* The sockets of QEMU's ports are in DIRECTORY. SSH says how to log in over ssh, as for
 * vq_way_choice_new. All arguments must outlive the result. */
VqGuestLink *vq_guest_link_new (const VqPlan *plan, VqQemu *qemu, const char *directory,
                                VqSshLogin *ssh);
void vq_guest_link_free (VqGuestLink *link);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqGuestLink, vq_guest_link_free)

/* From a guest that boots to one that commands can be run in: waits for a way in, brings in the
 * helper, or falls back to ssh with a warning. The system may still be booting then. From now on
 * vq_qemu_lose_helper is called if the helper ends. To be called soon after the guest starts to
 * run, because earlier output of its ports is lost. */
gboolean vq_guest_link_open (VqGuestLink *link, gint64 deadline, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* For a fork of a guest in which the helper runs: connects to the helper, sets the clock and
 * reseeds the kernel's random number generator. After that commands can be run. */
gboolean vq_guest_link_resume (VqGuestLink *link, gint64 deadline, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* After that, when the guest has stood still: sets the clock and reseeds once more. */
gboolean vq_guest_link_renew (VqGuestLink *link, gint64 deadline, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Whether commands run through the helper. */
gboolean vq_guest_link_has_helper (VqGuestLink *link);

/* The channel, or NULL until the link is open. It is a new one each time that the link is
 * opened. */
VqChannel *vq_guest_link_get_channel (VqGuestLink *link);

/* Gives the guest an identity of its own (guest-identity.h). Commands must run through the
 * helper. */
gboolean vq_guest_link_renew_identity (VqGuestLink *link, const char *machine_id,
                                       const char *host_key, gint64 deadline, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Asks the guest to power off or to reboot. Does not wait. */
void vq_guest_link_power_off (VqGuestLink *link);
void vq_guest_link_reboot (VqGuestLink *link);
