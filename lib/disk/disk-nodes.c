// SPDX-License-Identifier: GPL-2.0-or-later
#include "disk/disk-nodes.h"

static void
key_free (gpointer data)
{
  VqDiskKey *key = data;

  g_free (key->id);
  vq_disk_secret_unref (key->secret);
  g_free (key);
}

VqDiskNodes *
vq_disk_nodes_new (const char *top)
{
  VqDiskNodes *nodes = g_new0 (VqDiskNodes, 1);

  nodes->keys = g_ptr_array_new_with_free_func (key_free);
  nodes->nodes = g_ptr_array_new_with_free_func ((GDestroyNotify)json_node_unref);
  nodes->top = g_strdup (top);
  return nodes;
}

void
vq_disk_nodes_add_key (VqDiskNodes *nodes, const char *id, VqDiskSecret *secret)
{
  VqDiskKey *key = g_new0 (VqDiskKey, 1);

  key->id = g_strdup (id);
  key->secret = vq_disk_secret_ref (secret);
  g_ptr_array_add (nodes->keys, key);
}

void
vq_disk_nodes_add (VqDiskNodes *nodes, JsonNode *node)
{
  g_ptr_array_add (nodes->nodes, node);
}

void
vq_disk_nodes_free (VqDiskNodes *nodes)
{
  if (nodes == NULL)
    return;
  g_ptr_array_unref (nodes->keys);
  g_ptr_array_unref (nodes->nodes);
  g_free (nodes->top);
  g_free (nodes);
}
