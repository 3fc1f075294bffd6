// SPDX-License-Identifier: GPL-2.0-or-later
/* Each line is an argument, from "." on without its "@": no file of the host is read for it. */
#include "fuzz.h"
#include "plan/options.h"

FUZZ (options)
{
  g_autofree char *text = fuzz_text (bytes, n);
  g_auto (GStrv) argv = g_strsplit (text, "\n", 64);
  g_autoptr (VqOptions) options = NULL;
  g_autoptr (GError) error = NULL;
  VqOptionsResult result;

  for (guint i = 0; argv[i] != NULL; i++)
    g_strdelimit (argv[i], "@/", '.');
  result = vq_options_parse_recorded (g_strv_length (argv), (const char *const *)argv, &options,
                                      &error);
  fuzz_assert_told (result != VQ_OPTIONS_ERROR, &error);
  g_assert ((options != NULL) == (result == VQ_OPTIONS_RUN));
}
