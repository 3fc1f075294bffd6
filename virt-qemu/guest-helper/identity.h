// SPDX-License-Identifier: GPL-2.0-or-later
/* What tells this guest from others of the same template. It is done here because the first process
 * in a new fork takes long. */
#pragma once

#include "frame.h"

/* Gives the guest the machine ID (see machine-id(5)) that the request has: moves the journal's
 * directories, and writes the files. A guest that has no ID, or whose file is on a read-only file
 * system, keeps what it has. Returns 0 or an errno. */
int identity_set_machine_id (const uint8_t request[VQ_HELPER_MACHINE_ID_SIZE]);

/* Returns 0 if the guest has host keys for ssh, else ENOENT. */
int identity_find_host_keys (void);
