// SPDX-License-Identifier: GPL-2.0-or-later
/* The test cases of check_guest. All but the last case share one testbed, as a boot takes half a
 * minute where the CPU is emulated; they run in one process, in this order. */
#pragma once

#include <check.h>

#include "command.h"
#include "server-client.h"

/* The shared testbed, open; its server has a terminal. The first call starts it. */
Server *shared_testbed (void);

/* Forgets it, so that the caller may end it. Transfer full. */
Server *shared_testbed_steal (void);

/* Running commands, copying files, the machine and its ways in; all leave the testbed open. */
TCase *commands_tcase (void);
TCase *copies_tcase (void);
TCase *machine_tcase (void);

/* Reboot, revert, close, and machines that die. Leaves it open too. */
TCase *lifecycle_tcase (void);

/* Templates and forks; servers of their own. */
TCase *forks_tcase (void);

/* Further images, the base image, shared directories; a server of its own. */
TCase *disks_tcase (void);

/* Ends the shared testbed. */
TCase *misuse_tcase (void);

/* Servers of their own, and the ways in which they end. */
TCase *endings_tcase (void);
