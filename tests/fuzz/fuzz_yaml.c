// SPDX-License-Identifier: GPL-2.0-or-later
#include "fuzz.h"
#include "seed/meta-data.h"
#include "seed/user-data.h"
#include "seed/yaml.h"

#define UNPACKED_MAX 65536

/* Text that we have made of several is good, too. */
static void
merge (GBytes *part, gboolean (*check) (GBytes *, GError **), GBytes *(*join) (GPtrArray *))
{
  g_autoptr (GPtrArray) parts = g_ptr_array_new ();
  g_autoptr (GBytes) merged = NULL;

  if (!check (part, NULL))
    return;
  g_ptr_array_add (parts, part);
  g_ptr_array_add (parts, part);
  merged = join (parts);
  g_assert (merged == NULL || check (merged, NULL));
}

static GBytes *
join_user_data (GPtrArray *parts)
{
  return vq_user_data_merge (parts, NULL);
}

static GBytes *
join_meta_data (GPtrArray *parts)
{
  return vq_meta_data_merge (parts, "i-1", NULL);
}

FUZZ (yaml)
{
  g_autoptr (GBytes) part = g_bytes_new (bytes, n);
  g_autoptr (GBytes) unpacked = vq_user_data_unpack (part, UNPACKED_MAX, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (VqYaml) yaml = vq_yaml_parse ((const char *)bytes, n, 1, &error);

  fuzz_assert_told (yaml != NULL, &error);
  g_assert (unpacked == NULL || g_bytes_get_size (unpacked) <= MAX (n, UNPACKED_MAX));
  merge (part, vq_user_data_check, join_user_data);
  merge (part, vq_meta_data_check, join_meta_data);
}
