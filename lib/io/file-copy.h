// SPDX-License-Identifier: GPL-2.0-or-later
/* Copies a small file of this machine, such as a firmware's variables, whose writer is somebody
 * else. Waits only for the disk. */
#pragma once

#include <glib.h>

/* Copies FROM to DEST, mode 0600, which must not exist. Stretches of zeros become holes. Leaves no
 * file when it fails; the error names the file that is to blame. */
gboolean vq_file_copy (const char *from, const char *dest, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
