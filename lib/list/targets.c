// SPDX-License-Identifier: GPL-2.0-or-later
#include "list/targets.h"

#include <string.h>

#include "base/error.h"
#include "io/plain-file.h"
#include "instance/instance-name.h"
#include "seed/yaml.h"
#include "verb/verb-output.h"

#define USER "root@"

void
vq_targets_begin (gboolean any)
{
  vq_verb_output_text (any ? "targets:\n" : "targets: {}\n");
}

void
vq_targets_print (const char *name, const char *host_key)
{
  vq_verb_output_text ("  " USER "%s" VQ_TARGETS_HOST_SUFFIX ": %s\n", name, host_key);
}

char *
vq_targets_get_name (const char *target, GError **error)
{
  const char *at = strrchr (target, '@');
  g_autofree char *name = g_strdup (at != NULL ? at + 1 : target);

  if (g_str_has_suffix (name, VQ_TARGETS_HOST_SUFFIX))
    name[strlen (name) - strlen (VQ_TARGETS_HOST_SUFFIX)] = '\0';
  return vq_instance_name_check (name, error) ? g_steal_pointer (&name) : NULL;
}

static gboolean
read_targets (VqYaml *yaml, GPtrArray *names, GError **error)
{
  yaml_node_t *root = vq_yaml_get_root (yaml);
  yaml_node_t *targets = root != NULL && root->type == YAML_MAPPING_NODE
                             ? vq_yaml_find (yaml, root, "targets")
                             : NULL;

  if (targets == NULL || targets->type != YAML_MAPPING_NODE)
    return vq_error_set (error, VQ_ERROR_USAGE, "there is no mapping \"targets\"");
  for (yaml_node_pair_t *pair = targets->data.mapping.pairs.start;
       pair < targets->data.mapping.pairs.top; pair++)
    {
      const char *text = vq_yaml_get_text (vq_yaml_get_node (yaml, pair->key));
      char *name = vq_targets_get_name (text != NULL ? text : "", error);

      if (name == NULL)
        return FALSE;
      g_ptr_array_add (names, name);
    }
  return TRUE;
}

gboolean
vq_targets_read (const char *path, GPtrArray *names, GError **error)
{
  VQ_ERROR_PREFIX (error, "%s", path);
  gsize length = 0;
  g_autofree char *text = vq_plain_file_read_text (path, &length, error);
  g_autoptr (VqYaml) yaml = NULL;

  if (text == NULL)
    return FALSE;
  yaml = vq_yaml_parse (text, length, 1, error);
  return yaml != NULL && read_targets (yaml, names, error);
}
