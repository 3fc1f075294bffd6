// SPDX-License-Identifier: GPL-2.0-or-later
/* The user's configuration file. */
#include "fuzz.h"
#include "plan/options.h"

FUZZ (config)
{
  const char *const argv[] = { "server", "sid.qcow2", NULL };
  g_autoptr (VqOptions) options = NULL;
  g_autoptr (GError) error = NULL;
  VqOptionsResult result;

  g_setenv ("VIRT_QEMU_CONFIG", fuzz_file ("config", bytes, n), TRUE);
  result = vq_options_parse (2, argv, &options, &error);
  fuzz_assert_told (result == VQ_OPTIONS_RUN, &error);
}
