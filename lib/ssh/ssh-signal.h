// SPDX-License-Identifier: GPL-2.0-or-later
/* Signals have names in ssh (RFC 4254, section 6.10), without "SIG". */
#pragma once

#include <glib.h>

/* The number of the signal NAME; SIGABRT for one that is not known, as the server of OpenSSH has no
 * names for SIGBUS and some others. */
int vq_ssh_signal_get_number (const char *name);
