// SPDX-License-Identifier: GPL-2.0-or-later
/* Finds out from the console's output why a guest does not boot. A pure function. */
#pragma once

#include <glib.h>

/* A short reason for the user, with what to do about it if something helps, or NULL if no known
 * trouble is found. CONSOLE is the end of the console's output, with line ends or " | " between its
 * lines. Trouble that the guest got over does not count, for example a device that cannot be booted
 * before one that can. *FINAL (may be NULL) is TRUE if it is of no use to wait longer. Otherwise
 * the reason counts only when the time is up, for example if the guest asks for the passphrase of
 * its disk. Transfer full. */
char *vq_boot_trouble_find (const char *console, gboolean *final);
