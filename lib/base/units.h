// SPDX-License-Identifier: GPL-2.0-or-later
/* Times and sizes as people write and read them. */
#pragma once

#include <glib.h>

/* Parses "90" or "90s", "15m", "12h", "1d", up to G_MAXINT seconds. The error (VQ_ERROR_USAGE) says
 * what is wrong with TEXT; the caller adds where TEXT comes from. */
gboolean vq_units_parse_age (const char *text, guint64 *seconds, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Parses "512M", "20G", "1T" or "0", in powers of 1024, up to G_MAXINT64 bytes. A number without a
 * unit is refused, because some people would mean megabytes and others gigabytes. */
gboolean vq_units_parse_size (const char *text, guint64 *bytes, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Gives "45 s", "12 min", "5 h" or "3 d". The unit is the largest of which there are at least two,
 * or days if there is one. Transfer full. */
char *vq_units_age_to_string (guint64 seconds);

/* Gives "0 B", "12 KiB", "1.5 GiB": with at least two digits where that makes sense. Transfer
 * full. */
char *vq_units_size_to_string (guint64 bytes);
