// SPDX-License-Identifier: GPL-2.0-or-later
#include "downburst/downburst-size.h"

#include <string.h>

#include "base/error.h"

#define BLANKS " \t\r\n"

static const struct
{
  const char *name;
  double factor;
} units[] = {
  { "", 1 },         { "B", 1 },        { "k", 0x1p10 },   { "K", 0x1p10 },   { "M", 0x1p20 },
  { "G", 0x1p30 },   { "T", 0x1p40 },   { "KiB", 0x1p10 }, { "MiB", 0x1p20 }, { "GiB", 0x1p30 },
  { "TiB", 0x1p40 }, { "PiB", 0x1p50 }, { "EiB", 0x1p60 }, { "kB", 1e3 },     { "MB", 1e6 },
  { "GB", 1e9 },     { "TB", 1e12 },    { "PB", 1e15 },    { "EB", 1e18 },
};

/* 0: there is no such unit. */
static double
find_factor (const char *name, gsize n)
{
  for (gsize i = 0; i < G_N_ELEMENTS (units); i++)
    if (strlen (units[i].name) == n && strncmp (units[i].name, name, n) == 0)
      return units[i].factor;
  return 0;
}

static gboolean
refuse (const char *text, GError **error)
{
  return vq_error_set (error, VQ_ERROR_USAGE,
                       "\"%s\" is not a number with a unit, such as 512M, 3.8G or 100G", text);
}

gboolean
vq_downburst_size_parse (const char *text, guint64 *bytes, GError **error)
{
  const char *number = text + strspn (text, BLANKS);
  gsize n = strspn (number, G_CSET_DIGITS ".");
  const char *unit = number + n + strspn (number + n, BLANKS);
  gsize n_unit = strcspn (unit, BLANKS);
  double factor = find_factor (unit, n_unit);
  char *end;
  double value;

  value = g_ascii_strtod (number, &end) * factor;
  if (n == 0 || end < number + n || factor == 0
      || unit[n_unit + strspn (unit + n_unit, BLANKS)] != '\0')
    return refuse (text, error);
  if (value > 0x1p62)
    return vq_error_set (error, VQ_ERROR_USAGE, "\"%s\" is too large", text);
  *bytes = (guint64)(value + 0.5);
  return TRUE;
}
