// SPDX-License-Identifier: GPL-2.0-or-later
/* Copies a small file on the host that we did not write, such as a firmware's variables. Waits only
 * for the disk. */
#pragma once

#include <glib.h>

/* Copies FROM to DEST, mode 0600, which must not exist. Runs of zeros become holes. If it fails it
 * leaves no file, and the error names the file that caused it. */
gboolean vq_file_copy (const char *from, const char *dest, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* The same, but DEST exists, and stays the same file: others may have it open. If it fails DEST has
 * some of FROM. */
gboolean vq_file_copy_over (const char *from, const char *dest, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
