// SPDX-License-Identifier: GPL-2.0-or-later
/* One deadline runs through an operation, whatever it waits for on its way: no wait within it
 * begins to count anew. */
#pragma once

#include <glib.h>

/* A point of monotonic time SECONDS from now, in microseconds. */
gint64 vq_deadline_in (double seconds);

/* The seconds left until DEADLINE; 0 when it has passed. */
double vq_deadline_left (gint64 deadline);
