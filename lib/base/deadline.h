// SPDX-License-Identifier: GPL-2.0-or-later
/* A deadline belongs to a whole operation: all waits within the operation share it, and none of
 * them starts to count anew. */
#pragma once

#include <glib.h>

/* A point of monotonic time SECONDS from now, in microseconds. */
gint64 vq_deadline_in (double seconds);

/* The seconds left until DEADLINE, or 0 if it has passed. */
double vq_deadline_left (gint64 deadline);
