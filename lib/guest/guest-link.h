// SPDX-License-Identifier: GPL-2.0-or-later
/* What connects us with the system inside a running machine: the ways in (ways), the guest
 * helper that comes in there, and the channel that commands run on (--channel). */
#pragma once

#include <glib.h>

#include "channel/channel.h"
#include "plan/plan.h"
#include "qemu/qemu.h"
#include "ssh/ssh-login.h"

typedef struct _VqGuestLink VqGuestLink;

/* The sockets of QEMU's ports are in DIRECTORY. SSH tells how to get in over ssh, as for
 * vq_way_choice_new. All arguments must outlive the result. */
VqGuestLink *vq_guest_link_new (const VqPlan *plan, VqQemu *qemu, const char *directory,
                                VqSshLogin *ssh);
void vq_guest_link_free (VqGuestLink *link);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqGuestLink, vq_guest_link_free)

/* From a guest that boots to one that commands can be run in: waits for a way in, brings in the
 * helper, or falls back to ssh with a warning. The system may still be starting then. From
 * now on the helper's end is the machine's. To be called soon after the guest runs: what its ports
 * say before is not heard. */
gboolean vq_guest_link_open (VqGuestLink *link, gint64 deadline, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* From a fork of a guest whose helper had the channel to one in which commands can be run: finds
 * the helper, sets the clock and reseeds the kernel's random numbers. */
gboolean vq_guest_link_resume (VqGuestLink *link, gint64 deadline, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Whether the channel is the helper's. */
gboolean vq_guest_link_has_helper (VqGuestLink *link);

/* The guest is going down: its end of all is no failure any more, but what runs fails. Open it
 * again when the guest has been reset. */
void vq_guest_link_expect_end (VqGuestLink *link);

/* The channel; NULL until it is open, and another one each time. */
VqChannel *vq_guest_link_get_channel (VqGuestLink *link);

/* Asks the guest to power off or to reboot; does not wait. */
void vq_guest_link_power_off (VqGuestLink *link);
void vq_guest_link_reboot (VqGuestLink *link);
