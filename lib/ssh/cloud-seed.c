// SPDX-License-Identifier: GPL-2.0-or-later
#include "ssh/cloud-seed.h"

#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <string.h>

#include "base/error.h"
#include "seed/seed-image.h"
#include "seed/user-data.h"
#include "ssh/ssh-key.h"

/* How our part is merged with what comes before it: it adds to lists and mappings, and replaces
 * nothing. By default the last part that has a key replaces all of its value. */
#define MERGE_HOW "dict(no_replace,recurse_list)+list(append)+str()"

typedef struct
{
  char *key, *public_key;           /* for logging in */
  char *host_key, *public_host_key; /* for the guest */
} Keys;

static void
keys_clear (Keys *keys)
{
  g_free (keys->key);
  g_free (keys->public_key);
  g_free (keys->host_key);
  g_free (keys->public_host_key);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Keys, keys_clear)

static void
add_no (JsonBuilder *builder, const char *member)
{
  json_builder_set_member_name (builder, member);
  json_builder_add_boolean_value (builder, FALSE);
}

static void
add_yes (JsonBuilder *builder, const char *member)
{
  json_builder_set_member_name (builder, member);
  json_builder_add_boolean_value (builder, TRUE);
}

static void
add_text (JsonBuilder *builder, const char *member, const char *text)
{
  json_builder_set_member_name (builder, member);
  json_builder_add_string_value (builder, text);
}

static void
add_ssh (JsonBuilder *builder, const Keys *keys)
{
  add_no (builder, "disable_root");
  json_builder_set_member_name (builder, "ssh_authorized_keys");
  json_builder_begin_array (builder);
  json_builder_add_string_value (builder, keys->public_key);
  json_builder_end_array (builder);
  json_builder_set_member_name (builder, "ssh_keys");
  json_builder_begin_object (builder);
  add_text (builder, "ed25519_private", keys->host_key);
  add_text (builder, "ed25519_public", keys->public_host_key);
  json_builder_end_object (builder);
  add_yes (builder, "no_ssh_fingerprints");
}

/* Switches off what cloud-init would otherwise change in the guest, or spend time on. */
static void
add_restraint (JsonBuilder *builder)
{
  add_yes (builder, "preserve_hostname");
  add_no (builder, "manage_etc_hosts");
  add_no (builder, "package_update");
  add_no (builder, "package_upgrade");
  add_no (builder, "resize_rootfs");
  json_builder_set_member_name (builder, "growpart");
  json_builder_begin_object (builder);
  add_text (builder, "mode", "off");
  json_builder_end_object (builder);
  json_builder_set_member_name (builder, "apt");
  json_builder_begin_object (builder);
  add_yes (builder, "preserve_sources_list");
  json_builder_end_object (builder);
}

/* Whether the user's data may set KEY. */
static gboolean
user_sets (const VqSeed *seed, const char *key)
{
  GBytes *users = vq_seed_get (seed, VQ_SEED_USER_DATA);

  return users != NULL && vq_user_data_may_set (users, key);
}

/* cloud-init reads YAML, and JSON is valid YAML. What the user wants of cloud-init is not
 * restrained. */
static char *
make_own_part (const VqSeed *seed, const Keys *keys)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autoptr (JsonNode) root = NULL;
  g_autofree char *json = NULL;

  json_builder_begin_object (builder);
  add_text (builder, "merge_how", MERGE_HOW);
  add_ssh (builder, keys);
  if (seed->files->len == 0)
    add_restraint (builder);
  json_builder_end_object (builder);
  root = json_builder_get_root (builder);
  json = json_to_string (root, TRUE);
  return g_strconcat ("#cloud-config\n", json, "\n", NULL);
}

static gboolean
write_text (const char *directory, const char *name, const char *text, GError **error)
{
  g_autofree char *path = g_build_filename (directory, name, NULL);

  return g_file_set_contents_full (path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600, error);
}

static gboolean
write_keys (const char *directory, const VqSeed *seed, const Keys *keys, GError **error)
{
  g_autofree char *path = g_build_filename (directory, VQ_SEED_HOST_KEY, NULL);

  if (user_sets (seed, "ssh_keys"))
    g_unlink (path);
  else if (!write_text (directory, VQ_SEED_HOST_KEY, keys->public_host_key, error))
    return FALSE;
  return write_text (directory, VQ_SEED_LOGIN_KEY, keys->key, error);
}

/* *PART is our own part. */
static gboolean
make_keys (const char *directory, const VqSeed *seed, char **part, GError **error)
{
  g_auto (Keys) keys = { NULL, NULL, NULL, NULL };

  if (!vq_ssh_key_generate (&keys.key, &keys.public_key, error)
      || !vq_ssh_key_generate (&keys.host_key, &keys.public_host_key, error)
      || !write_keys (directory, seed, &keys, error))
    return FALSE;
  *part = make_own_part (seed, &keys);
  return TRUE;
}

/* Whoever finds the image takes the keys for complete, so it is made last. */
gboolean
vq_cloud_seed_make (const char *directory, VqSeed *seed, gboolean with_keys, GError **error)
{
  g_autofree char *path = g_build_filename (directory, VQ_SEED_IMAGE, NULL);
  g_autofree char *own_part = NULL;

  return (!with_keys || make_keys (directory, seed, &own_part, error))
         && vq_seed_complete (seed, own_part, error) && vq_seed_image_write (seed, path, error);
}
