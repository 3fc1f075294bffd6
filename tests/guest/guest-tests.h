// SPDX-License-Identifier: GPL-2.0-or-later
/* The testbed that most tests of check_guest share, as a boot takes half a minute where the CPU is
 * emulated. They run in one process and leave it open. */
#pragma once

#include "command.h"
#include "server-client.h"

/* The shared testbed, open; its server has a terminal. The first call starts it. */
Server *shared_testbed (void);

/* Forgets it, so that the caller may end it. Transfer full. */
Server *shared_testbed_steal (void);
