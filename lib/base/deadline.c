// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/deadline.h"

#define FOREVER 1e9 /* seconds, some 30 years; larger numbers could overflow */

gint64
vq_deadline_in (double seconds)
{
  return g_get_monotonic_time () + (gint64)(MIN (seconds, FOREVER) * G_USEC_PER_SEC);
}

double
vq_deadline_left (gint64 deadline)
{
  return MAX (0.0, (deadline - g_get_monotonic_time ()) / (double)G_USEC_PER_SEC);
}
