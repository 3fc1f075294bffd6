// SPDX-License-Identifier: GPL-2.0-or-later
/* Host keys that a machine keeps when it is made anew. */
#pragma once

#include <glib.h>

/* User-data with new host keys, to be given to "downburst create --user-data". NAME (may be NULL)
 * is a comment in them. Waits for ssh-keygen, for a minute at most. The keys are on the disk only
 * meanwhile. Transfer full. */
char *vq_downburst_key_make (const char *name, GError **error) G_GNUC_WARN_UNUSED_RESULT;
