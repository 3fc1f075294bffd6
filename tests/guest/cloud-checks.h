// SPDX-License-Identifier: GPL-2.0-or-later
/* What a guest with cloud-init must do with the files in tests/guest/cloud-init. SERVER has not
 * opened its testbed yet. */
#pragma once

#include "server-client.h"

/* With setup.yaml, test-script, test.yaml, metadata.yaml and more-metadata.yaml. */
void cloud_check_seed (Server *server);

/* With keys.yaml, in a guest that nothing else lets us in. */
void cloud_check_keys (Server *server);

/* With reboots.yaml. */
void cloud_check_reboot (Server *server);

/* With fails.yaml, endless.yaml, powers-off.yaml: the testbed cannot be opened. */
void cloud_check_failure (Server *server);
void cloud_check_endless (Server *server);
void cloud_check_power_off (Server *server);
