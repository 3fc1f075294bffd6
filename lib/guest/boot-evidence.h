// SPDX-License-Identifier: GPL-2.0-or-later
/* What is left of a guest that did not boot or let nobody in (--log-dir), for the one who wants to
 * know why: console.log, the last MiB of what it said on its serial console, qemu.log, what QEMU
 * said, and screen.png, a picture of its screen. And what is kept of a guest that did boot:
 * console.log and qemu.log, and of the system in it journal.log, cloud-init.log and
 * cloud-init-output.log. */
#pragma once

#include <glib.h>

#include "channel/channel.h"
#include "qemu/qemu.h"

/* Writes these files into DIRECTORY in place of those of an earlier guest, and adds their names to
 * the message of *ERROR, with which the boot has failed. What cannot be had is left out: a machine
 * may have no screen, and its QEMU may be dead. Waits for QEMU, a few seconds at most. */
void vq_boot_evidence_keep (VqQemu *qemu, const char *directory, GError **error);

/* Writes the files of a guest that has booted, before it ends. CHANNEL is NULL if there is none any
 * more. Of each file of the guest only the end is kept, and what cannot be had is left out: then
 * there is no such file. Waits for the guest, some seconds at most. */
void vq_boot_evidence_keep_end (VqQemu *qemu, VqChannel *channel, const char *directory);
