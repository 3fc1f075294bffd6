// SPDX-License-Identifier: GPL-2.0-or-later
#include "seed/seed.h"

#include <string.h>

#include "base/error.h"
#include "seed/meta-data.h"
#include "seed/user-data.h"

#define PACKED_TYPE G_VARIANT_TYPE ("a(ayayb)")
#define DIGEST_LENGTH 32

static void
file_free (gpointer data)
{
  VqSeedFile *file = data;

  g_free (file->name);
  g_bytes_unref (file->bytes);
  g_free (file);
}

VqSeed *
vq_seed_new (void)
{
  VqSeed *seed = g_new0 (VqSeed, 1);

  seed->files = g_ptr_array_new_with_free_func (file_free);
  return seed;
}

void
vq_seed_free (VqSeed *seed)
{
  if (seed == NULL)
    return;
  g_ptr_array_unref (seed->files);
  g_free (seed);
}

void
vq_seed_add (VqSeed *seed, const char *name, GBytes *bytes, gboolean executable)
{
  VqSeedFile *file = g_new0 (VqSeedFile, 1);

  file->name = g_strdup (name);
  file->bytes = g_bytes_ref (bytes);
  file->executable = executable;
  g_ptr_array_add (seed->files, file);
}

static VqSeedFile *
find (const VqSeed *seed, const char *name)
{
  for (guint i = 0; i < seed->files->len; i++)
    {
      VqSeedFile *file = seed->files->pdata[i];

      if (g_str_equal (file->name, name))
        return file;
    }
  return NULL;
}

GBytes *
vq_seed_get (const VqSeed *seed, const char *name)
{
  const VqSeedFile *file = find (seed, name);

  return file != NULL ? file->bytes : NULL;
}

gboolean
vq_seed_is_own_name (const char *name)
{
  static const char *const names[]
      = { VQ_SEED_USER_DATA, VQ_SEED_META_DATA, VQ_SEED_NETWORK_CONFIG, "vendor-data", NULL };

  return g_strv_contains (names, name);
}

gboolean
vq_seed_is_setting_char (char c)
{
  return g_ascii_isalnum (c) || c == '_' || c == '-' || c == '.';
}

static GVariant *
pack_bytes (GBytes *bytes)
{
  return g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, bytes, TRUE);
}

GBytes *
vq_seed_pack (const VqSeed *seed)
{
  GVariantBuilder builder;
  g_autoptr (GVariant) packed = NULL;

  g_variant_builder_init (&builder, PACKED_TYPE);
  for (guint i = 0; i < seed->files->len; i++)
    {
      const VqSeedFile *file = seed->files->pdata[i];

      g_variant_builder_add (&builder, "(^ay@ayb)", file->name, pack_bytes (file->bytes),
                             file->executable);
    }
  packed = g_variant_ref_sink (g_variant_builder_end (&builder));
  return g_variant_get_data_as_bytes (packed);
}

static void
unpack_file (VqSeed *seed, GVariant *packed, gsize i)
{
  g_autoptr (GVariant) name = NULL;
  g_autoptr (GVariant) content = NULL;
  g_autoptr (GBytes) bytes = NULL;
  gboolean executable;

  g_variant_get_child (packed, i, "(@ay@ayb)", &name, &content, &executable);
  bytes = g_variant_get_data_as_bytes (content);
  vq_seed_add (seed, g_variant_get_bytestring (name), bytes, executable);
}

VqSeed *
vq_seed_unpack (GBytes *packed, GError **error)
{
  g_autoptr (VqSeed) seed = vq_seed_new ();
  g_autoptr (GVariant) variant
      = g_variant_ref_sink (g_variant_new_from_bytes (PACKED_TYPE, packed, FALSE));

  if (!g_variant_is_normal_form (variant))
    {
      vq_error_set (error, VQ_ERROR_USAGE, "this is no seed");
      return NULL;
    }
  for (gsize i = 0; i < g_variant_n_children (variant); i++)
    unpack_file (seed, variant, i);
  return g_steal_pointer (&seed);
}

char *
vq_seed_get_digest (const VqSeed *seed)
{
  g_autoptr (GBytes) packed = vq_seed_pack (seed);
  char *sum = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, packed);

  sum[DIGEST_LENGTH] = '\0';
  return sum;
}

/* Replaces what is in the file NAME, or adds it. Takes over BYTES. */
static void
set (VqSeed *seed, const char *name, GBytes *bytes)
{
  VqSeedFile *file = find (seed, name);

  if (file == NULL)
    vq_seed_add (seed, name, bytes, FALSE);
  else
    {
      g_bytes_unref (file->bytes);
      file->bytes = g_bytes_ref (bytes);
    }
  g_bytes_unref (bytes);
}

static gboolean
complete_user_data (VqSeed *seed, const char *own_part, GError **error)
{
  g_autoptr (GPtrArray) parts = g_ptr_array_new ();
  g_autoptr (GBytes) own = own_part != NULL ? g_bytes_new (own_part, strlen (own_part)) : NULL;
  GBytes *users = vq_seed_get (seed, VQ_SEED_USER_DATA);
  GBytes *merged;

  if (users != NULL)
    g_ptr_array_add (parts, users);
  if (own != NULL)
    g_ptr_array_add (parts, own);
  merged = vq_user_data_merge (parts, error);
  if (merged != NULL)
    set (seed, VQ_SEED_USER_DATA, merged);
  return merged != NULL;
}

static gboolean
complete_meta_data (VqSeed *seed, GError **error)
{
  g_autoptr (GPtrArray) parts = g_ptr_array_new ();
  GBytes *users = vq_seed_get (seed, VQ_SEED_META_DATA);
  g_autofree char *digest = vq_seed_get_digest (seed);
  g_autofree char *id = g_strconcat ("virt-qemu-", digest, NULL);
  GBytes *merged;

  if (users != NULL)
    g_ptr_array_add (parts, users);
  merged = vq_meta_data_merge (parts, id, error);
  if (merged != NULL)
    set (seed, VQ_SEED_META_DATA, merged);
  return merged != NULL;
}

gboolean
vq_seed_complete (VqSeed *seed, const char *own_part, GError **error)
{
  return complete_user_data (seed, own_part, error) && complete_meta_data (seed, error);
}
