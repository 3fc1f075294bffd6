// SPDX-License-Identifier: GPL-2.0-or-later
/* Until when an instance may run. The time is that of the host's clock, so a lease also runs out
 * while the host sleeps. */
#pragma once

#include "base/cancel.h"

typedef struct _VqInstanceLease VqInstanceLease;

/* CANCEL, which must outlive the result, is triggered when the lease runs out. There is none at
 * first. */
VqInstanceLease *vq_instance_lease_new (VqCancel *cancel, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void vq_instance_lease_free (VqInstanceLease *lease);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqInstanceLease, vq_instance_lease_free)

/* From now on it runs for SECONDS; 0: without an end. */
gboolean vq_instance_lease_renew (VqInstanceLease *lease, gint64 seconds, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Its end in microseconds of real time; 0: none. */
gint64 vq_instance_lease_get_end (const VqInstanceLease *lease);
