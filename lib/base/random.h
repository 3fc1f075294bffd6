// SPDX-License-Identifier: GPL-2.0-or-later
/* Random bytes of the kernel, which nobody can guess. */
#pragma once

#include <glib.h>

/* Fills BYTES with N of them, 256 at most: so many the kernel gives at once. Waits only if the host
 * has just been started. */
gboolean vq_random_fill (guint8 *bytes, gsize n, GError **error) G_GNUC_WARN_UNUSED_RESULT;
