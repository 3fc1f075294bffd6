// SPDX-License-Identifier: GPL-2.0-or-later
/* What downburst tells of its work: on stderr, and in a log file.
 *
 * A caller that finds the word "exists" on stderr after a failure destroys the machine and makes it
 * anew. So that word is there only if that is the reason of the failure. */
#pragma once

#include <glib.h>

/* From now on, what is logged with g_message, g_warning and (if VERBOSE) g_debug goes to stderr,
 * and with the time to the end of the file PATH (may be NULL). Fails if that cannot be opened. */
gboolean vq_downburst_log_open (const char *path, gboolean verbose, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Tells ERROR, the reason why the program fails. */
void vq_downburst_log_failure (const GError *error);
