// SPDX-License-Identifier: GPL-2.0-or-later
#include "seed/meta-data.h"

#include <string.h>

#include "base/error.h"
#include "seed/yaml.h"

#define INSTANCE_ID "instance-id"

static VqYaml *
parse (GBytes *part, GError **error)
{
  gsize n;
  const char *text = g_bytes_get_data (part, &n);
  g_autoptr (VqYaml) yaml = vq_yaml_parse (text, n, 1, error);
  const yaml_node_t *root = yaml != NULL ? vq_yaml_get_root (yaml) : NULL;

  if (root == NULL || root->type == YAML_MAPPING_NODE)
    return g_steal_pointer (&yaml);
  vq_error_set (error, VQ_ERROR_USAGE, "line %u: it must be a mapping (\"KEY: VALUE\")",
                vq_yaml_get_line (root));
  return NULL;
}

gboolean
vq_meta_data_check (GBytes *part, GError **error)
{
  g_autoptr (VqYaml) yaml = parse (part, error);

  return yaml != NULL;
}

static gboolean
take_over (VqYaml *merged, GBytes *part, GError **error)
{
  g_autoptr (VqYaml) yaml = parse (part, error);
  const yaml_node_t *root = yaml != NULL ? vq_yaml_get_root (yaml) : NULL;

  if (root == NULL)
    return yaml != NULL;
  for (yaml_node_pair_t *pair = root->data.mapping.pairs.start; pair < root->data.mapping.pairs.top;
       pair++)
    if (!vq_yaml_set (merged, yaml, vq_yaml_get_node (yaml, pair->key),
                      vq_yaml_get_node (yaml, pair->value), error))
      return FALSE;
  return TRUE;
}

GBytes *
vq_meta_data_merge (const GPtrArray *parts, const char *instance_id, GError **error)
{
  g_autoptr (VqYaml) merged = vq_yaml_new (YAML_MAPPING_NODE);
  char *text;

  for (guint i = 0; i < parts->len; i++)
    if (!take_over (merged, parts->pdata[i], error))
      return NULL;
  if (instance_id != NULL && vq_yaml_find (merged, vq_yaml_get_root (merged), INSTANCE_ID) == NULL)
    vq_yaml_set_word (merged, INSTANCE_ID, instance_id);
  text = vq_yaml_format (merged);
  return g_bytes_new_take (text, strlen (text));
}
