// SPDX-License-Identifier: GPL-2.0-or-later
/* Numbers, and whatever else is one word of an option or of a file. */
#include "base/units.h"
#include "downburst/downburst-size.h"
#include "fuzz.h"

#define PARSED(call)                                                                               \
  do                                                                                               \
    {                                                                                              \
      g_autoptr (GError) error = NULL;                                                             \
      gboolean good = call;                                                                        \
      fuzz_assert_told (good, &error);                                                             \
    }                                                                                              \
  while (0)

FUZZ (units)
{
  g_autofree char *text = fuzz_text (bytes, n);
  guint64 number = 0;
  g_autofree char *age = NULL, *size = NULL;

  PARSED (vq_units_parse_age (text, &number, &error));
  age = vq_units_age_to_string (number);
  PARSED (vq_units_parse_size (text, &number, &error));
  size = vq_units_size_to_string (number);
  PARSED (vq_downburst_size_parse (text, &number, &error));
}
