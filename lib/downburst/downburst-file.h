// SPDX-License-Identifier: GPL-2.0-or-later
/* The user's public keys for ssh. */
#pragma once

#include <glib.h>

/* The first line of each of ~/.ssh/id_rsa.pub and ~/.ssh/id_ed25519.pub that is there. Transfer
 * full, and NULL at the end. */
char **vq_downburst_file_read_keys (void);
