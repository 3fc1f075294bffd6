// SPDX-License-Identifier: GPL-2.0-or-later
/* Reading the files that a command line of downburst names. */
#pragma once

#include <glib.h>

/* What is in the plain file PATH, which may have 16 MiB. VQ_ERROR_USAGE if it cannot be read.
 * Transfer full. */
GBytes *vq_downburst_file_read (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The first line of each of ~/.ssh/id_rsa.pub and ~/.ssh/id_ed25519.pub that is there. Transfer
 * full, and NULL at the end. */
char **vq_downburst_file_read_keys (void);
