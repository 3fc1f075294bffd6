// SPDX-License-Identifier: GPL-2.0-or-later
/* Random bytes from the kernel, which nobody can guess. */
#pragma once

#include <glib.h>

/* Fills BYTES with N random bytes. N is 256 at most, which is what the kernel always gives in one
 * call. Waits only if the host has just been started. */
gboolean vq_random_fill (guint8 *bytes, gsize n, GError **error) G_GNUC_WARN_UNUSED_RESULT;
