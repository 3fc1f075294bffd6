// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/units.h"

#include "base/arguments.h"

#define MINUTE 60
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

gboolean
vq_units_parse_age (const char *text, guint64 *seconds, GError **error)
{
  static const VqArgumentUnit units[]
      = { { 's', 1 }, { 'm', MINUTE }, { 'h', HOUR }, { 'd', DAY }, { 0, 1 } };

  return vq_arguments_parse_quantity (text, units, G_MAXINT, seconds, error);
}

gboolean
vq_units_parse_size (const char *text, guint64 *bytes, GError **error)
{
  static const VqArgumentUnit units[]
      = { { 'M', 1 << 20 }, { 'G', 1 << 30 }, { 'T', G_GUINT64_CONSTANT (1) << 40 }, { 0, 0 } };

  return vq_arguments_parse_quantity (text, units, G_MAXINT64, bytes, error);
}

char *
vq_units_age_to_string (guint64 seconds)
{
  if (seconds >= DAY)
    return g_strdup_printf ("%" G_GUINT64_FORMAT " d", seconds / DAY);
  if (seconds >= 2 * HOUR)
    return g_strdup_printf ("%" G_GUINT64_FORMAT " h", seconds / HOUR);
  if (seconds >= 2 * MINUTE)
    return g_strdup_printf ("%" G_GUINT64_FORMAT " min", seconds / MINUTE);
  return g_strdup_printf ("%" G_GUINT64_FORMAT " s", seconds);
}

char *
vq_units_size_to_string (guint64 bytes)
{
  static const char *const names[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
  double value = bytes;
  guint i = 0;

  /* Not 1024, because 1023.7 MiB would be printed as "1024 MiB". */
  for (; value >= 1023.5; i++)
    value /= 1024;
  return g_strdup_printf (i > 0 && value < 9.95 ? "%.1f %s" : "%.0f %s", value, names[i]);
}
