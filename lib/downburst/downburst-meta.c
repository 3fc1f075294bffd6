// SPDX-License-Identifier: GPL-2.0-or-later
#include "downburst/downburst-meta.h"

#include <string.h>

#include "base/arguments.h"
#include "base/error.h"
#include "io/plain-file.h"
#include "downburst/downburst-size.h"
#include "seed/meta-data.h"
#include "seed/yaml.h"

#define SECTION "downburst"
#define RAM (G_GUINT64_CONSTANT (512) << 20)

/* The networks of libvirt that have no bridge of ours. */
static const char *const user_networks[] = { "user", "default", NULL };

typedef enum
{
  KIND_TEXT,  /* a char * */
  KIND_SIZE,  /* a guint64 */
  KIND_COUNT, /* a guint, from min to max */
  KIND_CARDS, /* the GPtrArray */
} Kind;

typedef struct
{
  const char *name;
  Kind kind;
  gsize offset; /* in VqDownburstMeta */
  int min, max;
} Key;

#define FIELD(name) G_STRUCT_OFFSET (VqDownburstMeta, name)

static const Key keys_of_section[] = {
  { "disk-size", KIND_SIZE, FIELD (disk_size) },
  { "ram", KIND_SIZE, FIELD (ram) },
  { "cpus", KIND_COUNT, FIELD (cpus), 1, 1024 },
  { "networks", KIND_CARDS, FIELD (cards) },
  { "distro", KIND_TEXT, FIELD (distro) },
  { "distroversion", KIND_TEXT, FIELD (distroversion) },
  { "arch", KIND_TEXT, FIELD (arch) },
  { "additional-disks", KIND_COUNT, FIELD (n_disks), 0, VQ_DOWNBURST_META_N_DISKS_MAX },
  { "additional-disks-size", KIND_SIZE, FIELD (disks_size) },
  { "rbd-disks", KIND_COUNT, FIELD (n_rbd_disks), 0, VQ_DOWNBURST_META_N_DISKS_MAX },
  { "rbd-disks-size", KIND_SIZE, FIELD (rbd_disks_size) },
  { "ceph-cluster-name", KIND_TEXT, FIELD (ceph_name) },
  { "ceph-cluster-monitors", KIND_TEXT, FIELD (ceph_monitors) },
  { "ceph-cluster-pool", KIND_TEXT, FIELD (ceph_pool) },
  { "ceph-cluster-user", KIND_TEXT, FIELD (ceph_user) },
  { "ceph-cluster-secret", KIND_TEXT, FIELD (ceph_secret) },
};

static void
card_free (VqDownburstCard *card)
{
  g_free (card->bridge);
  g_free (card->mac);
  g_free (card);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqDownburstCard, card_free)

void
vq_downburst_meta_free (VqDownburstMeta *meta)
{
  if (meta == NULL)
    return;
  for (gsize i = 0; i < G_N_ELEMENTS (keys_of_section); i++)
    if (keys_of_section[i].kind == KIND_TEXT)
      g_free (G_STRUCT_MEMBER (char *, meta, keys_of_section[i].offset));
  g_ptr_array_unref (meta->cards);
  g_clear_pointer (&meta->guest, g_bytes_unref);
  g_free (meta);
}

static VqDownburstMeta *
meta_new (void)
{
  VqDownburstMeta *meta = g_new0 (VqDownburstMeta, 1);

  meta->cpus = 1;
  meta->ram = RAM;
  meta->disks_size = meta->rbd_disks_size = VQ_DOWNBURST_META_DISK_SIZE;
  meta->cards = g_ptr_array_new_with_free_func ((GDestroyNotify)card_free);
  return meta;
}

/* Whether it stands for "not given", as Python's None. */
static gboolean
is_null (const yaml_node_t *node)
{
  static const char *const nulls[] = { "", "~", "null", "Null", "NULL", NULL };
  const char *text = vq_yaml_get_text (node);

  return text != NULL && node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE
         && g_strv_contains (nulls, text);
}

static gboolean
check_mac (const char *mac, GError **error)
{
  return (mac[0] != '\0' && mac[strspn (mac, G_CSET_DIGITS "abcdefABCDEF:")] == '\0')
         || vq_error_set (error, VQ_ERROR_USAGE, "\"%s\" is not the address of a network card",
                          mac);
}

static gboolean
check_source (const char *source, GError **error)
{
  return (source[0] != '\0'
          && source[strspn (source, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_.-")] == '\0')
         || vq_error_set (error, VQ_ERROR_USAGE, "\"%s\" cannot be the name of a bridge", source);
}

static gboolean
set_of_card (VqDownburstCard *card, const char *name, const yaml_node_t *value, GError **error)
{
  const char *text = vq_yaml_get_text (value);

  if (is_null (value))
    return TRUE;
  if (text == NULL)
    return vq_error_set (error, VQ_ERROR_USAGE, "%s is not a text", name);
  if (strcmp (name, "mac") == 0)
    return check_mac (text, error) && (g_free (card->mac), card->mac = g_strdup (text), TRUE);
  if (strcmp (name, "source") != 0)
    return vq_error_set (error, VQ_ERROR_USAGE, "\"%s\" is not source or mac", name);
  if (g_strv_contains (user_networks, text))
    return TRUE;
  return check_source (text, error)
         && (g_free (card->bridge), card->bridge = g_strdup (text), TRUE);
}

static gboolean
add_card (GPtrArray *cards, VqYaml *yaml, const yaml_node_t *node, GError **error)
{
  g_autoptr (VqDownburstCard) card = g_new0 (VqDownburstCard, 1);

  if (node->type != YAML_MAPPING_NODE)
    return vq_error_set (error, VQ_ERROR_USAGE, "a network is not a mapping with source and mac");
  for (yaml_node_pair_t *pair = node->data.mapping.pairs.start; pair < node->data.mapping.pairs.top;
       pair++)
    {
      const char *name = vq_yaml_get_text (vq_yaml_get_node (yaml, pair->key));

      if (!set_of_card (card, name != NULL ? name : "", vq_yaml_get_node (yaml, pair->value),
                        error))
        return FALSE;
    }
  g_ptr_array_add (cards, g_steal_pointer (&card));
  return TRUE;
}

static gboolean
add_cards (GPtrArray *cards, VqYaml *yaml, const yaml_node_t *node, GError **error)
{
  if (node->type != YAML_SEQUENCE_NODE)
    return vq_error_set (error, VQ_ERROR_USAGE, "it is not a list, with a \"-\" before each item");
  for (yaml_node_item_t *item = node->data.sequence.items.start;
       item < node->data.sequence.items.top; item++)
    if (!add_card (cards, yaml, vq_yaml_get_node (yaml, *item), error))
      return FALSE;
  return TRUE;
}

static gboolean
set_text (char **field, const char *text)
{
  g_free (*field);
  *field = g_strdup (text);
  return TRUE;
}

static gboolean
set_key (VqDownburstMeta *meta, const Key *key, VqYaml *yaml, const yaml_node_t *value,
         GError **error)
{
  gpointer field = G_STRUCT_MEMBER_P (meta, key->offset);
  const char *text = vq_yaml_get_text (value);
  VQ_ERROR_PREFIX (error, "the key %s of the section " SECTION, key->name);

  if (is_null (value))
    return TRUE;
  if (key->kind == KIND_CARDS)
    return add_cards (meta->cards, yaml, value, error);
  if (text == NULL)
    return vq_error_set (error, VQ_ERROR_USAGE, "it is a list or a mapping");
  if (key->kind == KIND_SIZE)
    return vq_downburst_size_parse (text, field, error);
  if (key->kind == KIND_COUNT)
    return vq_arguments_parse_int (text, key->min, key->max, field, error);
  return set_text (field, text);
}

static gboolean
refuse_key (const char *name, GError **error)
{
  g_autoptr (GString) list = g_string_new (NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (keys_of_section); i++)
    g_string_append_printf (list, "%s%s", i > 0 ? ", " : "", keys_of_section[i].name);
  return vq_error_set (error, VQ_ERROR_USAGE,
                       "the section " SECTION " has the key \"%s\", which is not one of %s", name,
                       list->str);
}

static gboolean
take_pair (VqDownburstMeta *meta, VqYaml *yaml, const yaml_node_pair_t *pair, GError **error)
{
  const char *name = vq_yaml_get_text (vq_yaml_get_node (yaml, pair->key));

  for (gsize i = 0; name != NULL && i < G_N_ELEMENTS (keys_of_section); i++)
    if (strcmp (keys_of_section[i].name, name) == 0)
      return set_key (meta, &keys_of_section[i], yaml, vq_yaml_get_node (yaml, pair->value), error);
  return refuse_key (name != NULL ? name : "", error);
}

static gboolean
take_section (VqDownburstMeta *meta, VqYaml *yaml, const yaml_node_t *section, GError **error)
{
  if (section == NULL || is_null (section))
    return TRUE;
  if (section->type != YAML_MAPPING_NODE)
    return vq_error_set (error, VQ_ERROR_USAGE, "the section " SECTION " is not a mapping");
  for (yaml_node_pair_t *pair = section->data.mapping.pairs.start;
       pair < section->data.mapping.pairs.top; pair++)
    if (!take_pair (meta, yaml, pair, error))
      return FALSE;
  return TRUE;
}

/* The guest does not get the section: there may be a secret in it. */
static gboolean
take_rest (VqDownburstMeta *meta, VqYaml *yaml, GError **error)
{
  g_autoptr (VqYaml) rest = vq_yaml_new (YAML_MAPPING_NODE);
  const yaml_node_t *root = vq_yaml_get_root (yaml);
  char *text;

  for (yaml_node_pair_t *pair = root->data.mapping.pairs.start; pair < root->data.mapping.pairs.top;
       pair++)
    {
      const yaml_node_t *key = vq_yaml_get_node (yaml, pair->key);

      if (g_strcmp0 (vq_yaml_get_text (key), SECTION) != 0
          && !vq_yaml_set (rest, yaml, key, vq_yaml_get_node (yaml, pair->value), error))
        return FALSE;
    }
  meta->has_interfaces = vq_yaml_find (yaml, root, "network-interfaces") != NULL;
  text = vq_yaml_format (rest);
  meta->guest = g_bytes_new_take (text, strlen (text));
  return TRUE;
}

/* In single quotes, only a quote is anything special. */
static void
append_quoted (GString *text, const char *before, const char *value)
{
  g_auto (GStrv) parts = g_strsplit (value, "'", -1);
  g_autofree char *doubled = g_strjoinv ("''", parts);

  g_string_append_printf (text, "%s'%s'\n", before, doubled);
}

/* What every machine gets if no file says something else. */
static GBytes *
build_default (const char *name, const char *const *keys)
{
  GString *text = g_string_new (NULL);

  append_quoted (text, "instance-id: ", name);
  append_quoted (text, "local-hostname: ", name);
  g_string_append (text, keys[0] != NULL ? "public-keys:\n" : "public-keys: []\n");
  for (; *keys != NULL; keys++)
    append_quoted (text, "- ", *keys);
  return g_string_free_to_bytes (text);
}

static gboolean
add_file (GPtrArray *parts, const char *path, GError **error)
{
  VQ_ERROR_PREFIX (error, "the meta-data %s", path);
  GBytes *part = vq_plain_file_read (path, NULL, error);

  if (part == NULL)
    return FALSE;
  g_ptr_array_add (parts, part);
  return vq_meta_data_check (part, error);
}

/* Transfer full. */
static VqYaml *
merge (const char *name, const char *const *files, const char *const *keys, GError **error)
{
  g_autoptr (GPtrArray) parts = g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
  g_autoptr (GBytes) merged = NULL;

  g_ptr_array_add (parts, build_default (name, keys));
  for (; *files != NULL; files++)
    if (!add_file (parts, *files, error))
      return NULL;
  merged = vq_meta_data_merge (parts, NULL, error);
  return merged != NULL
             ? vq_yaml_parse (g_bytes_get_data (merged, NULL), g_bytes_get_size (merged), 1, error)
             : NULL;
}

VqDownburstMeta *
vq_downburst_meta_read (const char *name, const char *const *files, const char *const *keys,
                        GError **error)
{
  g_autoptr (VqDownburstMeta) meta = meta_new ();
  g_autoptr (VqYaml) yaml = merge (name, files, keys, error);

  if (yaml == NULL
      || !take_section (meta, yaml, vq_yaml_find (yaml, vq_yaml_get_root (yaml), SECTION), error)
      || !take_rest (meta, yaml, error))
    return NULL;
  if (meta->cards->len == 0)
    g_ptr_array_add (meta->cards, g_new0 (VqDownburstCard, 1));
  return g_steal_pointer (&meta);
}
