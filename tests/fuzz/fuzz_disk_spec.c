// SPDX-License-Identifier: GPL-2.0-or-later
/* Each line is the value of a --disk. */
#include "disk/disk-spec.h"
#include "fuzz.h"

FUZZ (disk_spec)
{
  g_autofree char *text = fuzz_text (bytes, n);
  g_auto (GStrv) lines = g_strsplit (text, "\n", 8);
  g_autoptr (GPtrArray) specs = g_ptr_array_new_with_free_func ((GDestroyNotify)vq_disk_spec_free);
  g_autoptr (GError) error = NULL;

  for (guint i = 0; lines[i] != NULL; i++)
    {
      g_autoptr (GError) wrong = NULL;
      VqDiskSpec *spec = vq_disk_spec_parse (lines[i], &wrong);

      fuzz_assert_told (spec != NULL, &wrong);
      if (spec != NULL)
        g_ptr_array_add (specs, spec);
    }
  fuzz_assert_told (vq_disk_spec_complete (specs, n % 2, &error), &error);
}
