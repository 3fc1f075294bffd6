// SPDX-License-Identifier: GPL-2.0-or-later
/* Why a guest does not come up, from what its console says. A pure function. */
#pragma once

#include <glib.h>

/* A short reason for a person, with what to do about it where something helps; NULL if nothing is
 * wrong that we know. CONSOLE is the end of what the console said, its lines divided by line ends
 * or by " | ". What the guest has gone on from is no trouble: a device that does not boot before
 * one that does, say. *FINAL (may be NULL): to wait longer is of no use; otherwise the reason is
 * one only if time is up, such as the passphrase of a disk. Transfer full. */
char *vq_boot_trouble_find (const char *console, gboolean *final);
