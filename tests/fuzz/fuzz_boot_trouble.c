// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz.h"
#include "way/boot-trouble.h"

FUZZ (boot_trouble)
{
  g_autofree char *console = fuzz_text (bytes, n);
  gboolean final = FALSE;
  g_autofree char *trouble = vq_boot_trouble_find (console, &final);

  g_assert (trouble != NULL || !final);
}
