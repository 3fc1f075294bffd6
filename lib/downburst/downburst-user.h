// SPDX-License-Identifier: GPL-2.0-or-later
/* The user-data files of downburst. */
#pragma once

#include <glib.h>

/* Makes one text for cloud-init of FILES, which end with NULL. A file whose first line does not say
 * what it is, is a cloud-config: downburst's callers rely on that. *USER is NULL if there is no
 * file with anything in it. Reads plain files of 16 MiB at most. All errors are VQ_ERROR_USAGE, and
 * name the file and the line. Transfer full. */
gboolean vq_downburst_user_read (const char *const *files, GBytes **user, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* The private host key of the type ed25519 that USER, the result of the above, has under ssh_keys;
 * NULL: it has none. Transfer full. */
GBytes *vq_downburst_user_find_host_key (GBytes *user);
