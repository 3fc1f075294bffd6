// SPDX-License-Identifier: GPL-2.0-or-later
/* What is left of a guest that did not boot or let nobody in (--log-dir), for the one who wants to
 * know why: console.log, the last MiB of what it said on its serial console, and screen.png, a
 * picture of its screen. */
#pragma once

#include <glib.h>

#include "qemu/qemu.h"

/* Writes these files into DIRECTORY in place of those of an earlier guest, and adds their names to
 * the message of *ERROR, with which the boot has failed. What cannot be had is left out: a machine
 * may have no screen, and its QEMU may be dead. Waits for QEMU, a few seconds at most. */
void vq_boot_evidence_keep (VqQemu *qemu, const char *directory, GError **error);
