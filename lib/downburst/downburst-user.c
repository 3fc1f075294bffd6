// SPDX-License-Identifier: GPL-2.0-or-later
#include "downburst/downburst-user.h"

#include <string.h>

#include "base/error.h"
#include "io/plain-file.h"
#include "seed/user-data.h"
#include "seed/yaml.h"

#define CONFIG_LINE "#cloud-config\n"

static GBytes *
add_first_line (GBytes *part)
{
  GString *text = g_string_new (CONFIG_LINE);

  g_string_append_len (text, g_bytes_get_data (part, NULL), (gssize)g_bytes_get_size (part));
  return g_string_free_to_bytes (text);
}

/* Whether PART is YAML. The error has the line of the file, which vq_user_data_check would not
 * know of a text with another line before it. */
static gboolean
check_yaml (GBytes *part, GError **error)
{
  g_autoptr (VqYaml) yaml
      = vq_yaml_parse (g_bytes_get_data (part, NULL), g_bytes_get_size (part), 1, error);
  const yaml_node_t *root = yaml != NULL ? vq_yaml_get_root (yaml) : NULL;

  if (yaml == NULL || root == NULL || root->type == YAML_MAPPING_NODE)
    return yaml != NULL;
  return vq_error_set (error, VQ_ERROR_USAGE,
                       "line %u: it is a cloud-config, which must be a mapping (\"KEY: VALUE\"); "
                       "a script begins with \"#!\"",
                       vq_yaml_get_line (root));
}

/* Whether the first line of PART says what it is. */
static gboolean
says_kind (GBytes *part)
{
  g_autoptr (GBytes) line = NULL;
  gsize n;
  const char *text = g_bytes_get_data (part, &n);
  const char *end = n > 0 ? memchr (text, '\n', n) : NULL;

  /* A MIME message has the line that says so further below. */
  if (n > 0 && text[0] != '#')
    return vq_user_data_check (part, NULL);
  line = g_bytes_new_from_bytes (part, 0, end != NULL ? (gsize)(end - text) : n);
  return vq_user_data_check (line, NULL);
}

/* Transfer full. */
static GBytes *
read_part (const char *path, GError **error)
{
  VQ_ERROR_PREFIX (error, "the user-data %s", path);
  g_autoptr (GBytes) part = vq_plain_file_read (path, NULL, error);

  if (part == NULL)
    return NULL;
  if (!says_kind (part))
    return check_yaml (part, error) ? add_first_line (part) : NULL;
  return vq_user_data_check (part, error) ? g_steal_pointer (&part) : NULL;
}

gboolean
vq_downburst_user_read (const char *const *files, GBytes **user, GError **error)
{
  g_autoptr (GPtrArray) parts = g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);

  *user = NULL;
  for (; *files != NULL; files++)
    {
      GBytes *part = read_part (*files, error);

      if (part == NULL)
        return FALSE;
      g_ptr_array_add (parts, part);
    }
  if (parts->len > 0)
    *user = vq_user_data_merge (parts, error);
  return parts->len == 0 || *user != NULL;
}

/* Takes the key from a cloud-config, if it has one. What is no YAML has none. */
static void
take_host_key (const char *text, gsize n, GBytes **key)
{
  g_autoptr (VqYaml) yaml = vq_yaml_parse (text, n, 1, NULL);
  const yaml_node_t *root = yaml != NULL ? vq_yaml_get_root (yaml) : NULL;
  const yaml_node_t *keys = root != NULL && root->type == YAML_MAPPING_NODE
                                ? vq_yaml_find (yaml, root, "ssh_keys")
                                : NULL;
  const char *found = keys != NULL && keys->type == YAML_MAPPING_NODE
                          ? vq_yaml_get_text (vq_yaml_find (yaml, keys, "ed25519_private"))
                          : NULL;

  if (found == NULL)
    return;
  g_clear_pointer (key, g_bytes_unref);
  *key = g_bytes_new (found, strlen (found));
}

/* Of several parts, the last one counts, as in cloud-init. */
static void
take_from_archive (VqYaml *yaml, const yaml_node_t *root, GBytes **key)
{
  for (yaml_node_item_t *item = root->data.sequence.items.start;
       item < root->data.sequence.items.top; item++)
    {
      const yaml_node_t *node = vq_yaml_get_node (yaml, *item);
      const char *text = vq_yaml_get_text (
          node->type == YAML_MAPPING_NODE ? vq_yaml_find (yaml, node, "content") : node);

      if (text != NULL)
        take_host_key (text, strlen (text), key);
    }
}

GBytes *
vq_downburst_user_find_host_key (GBytes *user)
{
  gsize n;
  const char *text = g_bytes_get_data (user, &n);
  g_autoptr (VqYaml) yaml = vq_yaml_parse (text, n, 1, NULL);
  const yaml_node_t *root = yaml != NULL ? vq_yaml_get_root (yaml) : NULL;
  GBytes *key = NULL;

  if (root != NULL && root->type == YAML_SEQUENCE_NODE)
    take_from_archive (yaml, root, &key);
  else
    take_host_key (text, n, &key);
  return key;
}
