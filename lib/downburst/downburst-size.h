// SPDX-License-Identifier: GPL-2.0-or-later
/* Sizes as downburst's files have them. */
#pragma once

#include <glib.h>

/* Parses "100G", "3.8G", "512 M" or "1073741824": a number, with a fraction if need be, and a unit.
 * K, M, G, T and KiB to EiB are powers of 1024, kB to EB powers of 1000, and none or B is bytes.
 * The result, in bytes, is rounded. VQ_ERROR_USAGE if TEXT is something else, or too large. */
gboolean vq_downburst_size_parse (const char *text, guint64 *bytes, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;
