// SPDX-License-Identifier: GPL-2.0-or-later
/* Where instances are kept. What must outlive a boot of the host, such as their disks, is in
 *
 *   $VIRT_QEMU_STATE_DIR, or for root /var/lib/virt-qemu, or else $XDG_STATE_HOME/virt-qemu
 *
 * and what belongs to a process, such as sockets, is in
 *
 *   $VIRT_QEMU_RUNTIME_DIR, or for root /run/virt-qemu, or else $XDG_RUNTIME_DIR/virt-qemu
 *
 * or in $TMPDIR/virt-qemu-UID if there is no $XDG_RUNTIME_DIR, as in a cron job. */
#pragma once

#include "io/private-dir.h"

/* Opens the directory that has one directory per instance, with the instance's name. It is made if
 * it does not exist. */
VqPrivateDir *vq_instance_place_open_state (GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same for those that exist only while the instance runs. */
VqPrivateDir *vq_instance_place_open_runtime (GError **error) G_GNUC_WARN_UNUSED_RESULT;
