// SPDX-License-Identifier: GPL-2.0-or-later
/* The meta-data and the user-data of downburst. */
#include "downburst/downburst-meta.h"
#include "downburst/downburst-user.h"
#include "fuzz.h"

FUZZ (downburst)
{
  const char *const keys[] = { "ssh-ed25519 AAAA", NULL };
  const char *const files[] = { fuzz_file ("data.yaml", bytes, n), NULL };
  g_autoptr (GError) no_meta = NULL, no_user = NULL;
  g_autoptr (VqDownburstMeta) meta = vq_downburst_meta_read ("vm", files, keys, &no_meta);
  g_autoptr (GBytes) user = NULL;

  fuzz_assert_told (meta != NULL, &no_meta);
  fuzz_assert_told (vq_downburst_user_read (files, &user, &no_user), &no_user);
  if (user != NULL)
    {
      g_autoptr (GBytes) key G_GNUC_UNUSED = vq_downburst_user_find_host_key (user);
    }
}
