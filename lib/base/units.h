// SPDX-License-Identifier: GPL-2.0-or-later
/* Times and sizes as people write and read them. */
#pragma once

#include <glib.h>

/* "90" or "90s", "15m", "12h", "1d": up to G_MAXINT seconds. The error (VQ_ERROR_USAGE) says what
 * is wrong with TEXT, not where it stood. */
gboolean vq_units_parse_age (const char *text, guint64 *seconds, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* "512M", "20G", "1T" or "0", in powers of 1024: up to G_MAXINT64 bytes. A number alone is refused:
 * people would mean megabytes by it, or gigabytes. */
gboolean vq_units_parse_size (const char *text, guint64 *bytes, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* "45 s", "12 min", "5 h", "3 d": of the largest unit that it has two of, or one day. Transfer
 * full.
 */
char *vq_units_age_to_string (guint64 seconds);

/* "0 B", "12 KiB", "1.5 GiB": two digits at least, if there are so many. Transfer full. */
char *vq_units_size_to_string (guint64 bytes);
