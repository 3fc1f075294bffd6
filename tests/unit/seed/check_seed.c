// SPDX-License-Identifier: GPL-2.0-or-later
#include "seed/seed.h"

#include <check.h>
#include <string.h>

#include "leaks.h"
#include "seed/meta-data.h"
#include "suite.h"

CASE ("seed", leaks_begin, leaks_assert_none, 60)

static void
add (VqSeed *seed, const char *name, const char *text, gboolean executable)
{
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));

  vq_seed_add (seed, name, bytes, executable);
}

static char *
get (const VqSeed *seed, const char *name)
{
  GBytes *bytes = vq_seed_get (seed, name);

  ck_assert_ptr_nonnull (bytes);
  return g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
}

TEST (packing)
{
  g_autoptr (VqSeed) seed = vq_seed_new ();
  g_autoptr (VqSeed) back = NULL;
  g_autoptr (GBytes) packed = NULL;
  g_autoptr (GBytes) bad = g_bytes_new_static ("abc\377\377", 5);
  g_autofree char *digest = NULL;
  g_autofree char *same = NULL;

  add (seed, "a", "", TRUE);
  add (seed, "b", "text", FALSE);
  packed = vq_seed_pack (seed);
  back = vq_seed_unpack (packed, NULL);
  ck_assert (back != NULL && back->files->len == 2);
  ck_assert (((VqSeedFile *)back->files->pdata[0])->executable);
  ck_assert_str_eq (same = get (back, "b"), "text");
  g_free (same);
  digest = vq_seed_get_digest (seed);
  same = vq_seed_get_digest (back);
  ck_assert_str_eq (digest, same);
  ck_assert_uint_eq (strlen (digest), 32);
  ck_assert_ptr_null (vq_seed_unpack (bad, NULL));
}

/* The instance-id of a seed with NAME; TEXT is in that. OWN: our own part. */
static char *
complete (const char *name, const char *text, const char *own)
{
  g_autoptr (VqSeed) seed = vq_seed_new ();

  add (seed, name, text, FALSE);
  ck_assert (vq_seed_complete (seed, own, NULL));
  ck_assert_ptr_nonnull (vq_seed_get (seed, "user-data"));
  return get (seed, "meta-data");
}

/* The same contents have the same id, so that cloud-init does not begin anew; others another one.
 */
TEST (instance_id)
{
  static const struct
  {
    const char *name;
    const char *text;
    const char *own;
  } seeds[] = {
    { "file", "a", NULL },
    { "file", "b", NULL },
    { "file2", "a", NULL },
    { "user-data", "#cloud-config\na: 1\n", NULL },
    { "user-data", "#cloud-config\na: 1\n", "#cloud-config\nb: 1\n" },
    { "meta-data", "local-hostname: x\n", NULL },
  };
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autofree char *own = complete ("meta-data", "a: 1\ninstance-id: mine\n", NULL);

  ck_assert_str_eq (own, "a: 1\ninstance-id: mine\n");
  for (guint i = 0; i < G_N_ELEMENTS (seeds); i++)
    {
      char *meta = complete (seeds[i].name, seeds[i].text, seeds[i].own);
      g_autofree char *again = complete (seeds[i].name, seeds[i].text, seeds[i].own);

      ck_assert_ptr_nonnull (strstr (meta, "instance-id: virt-qemu-"));
      ck_assert_str_eq (meta, again);
      ck_assert (g_hash_table_add (seen, meta));
    }
}

/* Later keys win. */
TEST (meta_data)
{
  static const char *const texts[]
      = { "a: 1\nb: {c: 2}\n", "{\"b\": \"3\", \"d\": no}\n", "# -\n" };
  g_autoptr (GPtrArray) parts = g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
  g_autoptr (GBytes) merged = NULL;
  g_autoptr (GBytes) list = g_bytes_new_static ("\n- a\n", 5);
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    g_ptr_array_add (parts, g_bytes_new_static (texts[i], strlen (texts[i])));
  merged = vq_meta_data_merge (parts, "id", NULL);
  ck_assert_mem_eq (g_bytes_get_data (merged, NULL), "a: 1\nb: \"3\"\n\"d\": no\ninstance-id: id\n",
                    g_bytes_get_size (merged));
  ck_assert (!vq_meta_data_check (list, &error));
  ck_assert_str_eq (error->message, "line 2: it must be a mapping (\"KEY: VALUE\")");
}
