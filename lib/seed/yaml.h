// SPDX-License-Identifier: GPL-2.0-or-later
/* Documents in YAML 1.1, which is what cloud-init reads: parsing one, and writing one that has
 * nodes of others in it. A node is libyaml's, and belongs to its document. */
#pragma once

#include <glib.h>
#include <yaml.h>

/* How many nodes vq_yaml_copy takes over into one document. An alias counts as all that it stands
 * for, so a small file that refers to itself again and again cannot fill the memory. */
#define VQ_YAML_MAX_NODES 1000000

/* How deeply nodes may be nested there. */
#define VQ_YAML_MAX_DEPTH 100

typedef struct _VqYaml VqYaml;

/* Parses the N bytes of TEXT, which may be NULL if they are none. An error is VQ_ERROR_USAGE and
 * begins with the line, "line 3: ...", where the first line of TEXT has the number FIRST_LINE. More
 * than one document is an error. */
VqYaml *vq_yaml_parse (const char *text, gsize n, guint first_line, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* A new document whose root is an empty sequence or mapping. */
VqYaml *vq_yaml_new (yaml_node_type_t root);

void vq_yaml_free (VqYaml *yaml);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (VqYaml, vq_yaml_free)

/* NULL: the document is empty, or has comments only. */
yaml_node_t *vq_yaml_get_root (VqYaml *yaml);

/* The node with a number from a sequence or a mapping. */
yaml_node_t *vq_yaml_get_node (VqYaml *yaml, int number);

/* Its text, or NULL if NODE is NULL or not a scalar. */
const char *vq_yaml_get_text (const yaml_node_t *node);

/* The line on which NODE begins, from 1. */
guint vq_yaml_get_line (const yaml_node_t *node);

/* The value of KEY in MAPPING; the last one, if there are several. NULL if there is none. */
yaml_node_t *vq_yaml_find (VqYaml *yaml, const yaml_node_t *mapping, const char *key);

/* Appends to the root of YAML, a sequence: a scalar. */
void vq_yaml_append_text (VqYaml *yaml, const char *text);

/* Appends to the root of YAML, a sequence: a copy of NODE, which is of another document FROM.
 * Aliases become copies of what they stand for. */
gboolean vq_yaml_append (VqYaml *yaml, VqYaml *from, const yaml_node_t *node, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* Sets KEY to WORD, which needs no quotes, in the root of YAML, a mapping that does not have it. */
void vq_yaml_set_word (VqYaml *yaml, const char *key, const char *word);

/* Sets a copy of KEY, a node of FROM, to a copy of VALUE, in the root of YAML, a mapping. A scalar
 * KEY that is there already gets the new value. */
gboolean vq_yaml_set (VqYaml *yaml, VqYaml *from, const yaml_node_t *key, const yaml_node_t *value,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The document as text that ends with a newline. YAML is empty afterwards. Transfer full. */
char *vq_yaml_format (VqYaml *yaml);
