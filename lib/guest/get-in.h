// SPDX-License-Identifier: GPL-2.0-or-later
/* Gets into the system of a guest that boots or reboots, however often it reboots meanwhile, and
 * however: the machine may be reset, the kernel may panic and reboot by itself, or be replaced by
 * kexec, or systemd may start all anew with the same kernel (soft-reboot). A reboot is over when a
 * way in opens and the boot is another one than before. */
#pragma once

#include <glib.h>

#include "guest/cloud-init.h"
#include "guest/guest-link.h"
#include "qemu/qemu.h"

/* Waits until the guest, which has begun to run, has booted, and opens LINK. A boot may take until
 * DEADLINE, and each that follows on it SECONDS. A few may follow. If cloud-init has a TASK, waits
 * for it, too, and fails if that does (cloud-init.h). */
gboolean vq_get_in (VqGuestLink *link, VqQemu *qemu, VqCloudInitTask task, int seconds,
                    gint64 deadline, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Before a reboot is caused: notes in *BOOT (transfer full) which boot this is. From now on the
 * present system may end at any time. LINK is open. */
gboolean vq_get_in_prepare (VqGuestLink *link, VqQemu *qemu, char **boot, gint64 deadline,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Waits until the guest has rebooted, and opens LINK to the system that comes after BOOT. Gives up
 * if there is no sign of life for SECONDS, or if a boot after a reset takes longer than that. The
 * error says what was seen last. */
gboolean vq_get_in_again (VqGuestLink *link, VqQemu *qemu, const char *boot, int seconds,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
