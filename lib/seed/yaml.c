// SPDX-License-Identifier: GPL-2.0-or-later
#include "seed/yaml.h"

#include <string.h>

#include "base/error.h"

struct _VqYaml
{
  yaml_document_t document;
  guint n_copied;
};

/* A copy that is being made. */
typedef struct
{
  VqYaml *to;
  VqYaml *from;
  GError **error;
} Copy;

/* The line of a byte that cannot be in YAML at all. libyaml only counts bytes then. */
static guint
find_line (const char *text, gsize offset, guint first_line)
{
  for (gsize i = 0; i < offset; i++)
    first_line += text[i] == '\n';
  return first_line;
}

static gboolean
tell_problem (const yaml_parser_t *parser, const char *text, guint first_line, GError **error)
{
  const char *problem = parser->problem != NULL ? parser->problem : "it is no YAML";
  const char *context = parser->context != NULL ? parser->context : "";
  guint line = parser->error == YAML_READER_ERROR
                   ? find_line (text, parser->problem_offset, first_line)
                   : (guint)parser->problem_mark.line + first_line;

  return vq_error_set (error, VQ_ERROR_USAGE, "line %u: %s%s%s", line, problem,
                       context[0] != '\0' ? " " : "", context);
}

/* Whether nothing follows on the document that was loaded. */
static gboolean
check_end (yaml_parser_t *parser, const char *text, guint first_line, GError **error)
{
  yaml_document_t next;
  const yaml_node_t *root;
  gboolean more;

  if (!yaml_parser_load (parser, &next))
    return tell_problem (parser, text, first_line, error);
  root = yaml_document_get_root_node (&next);
  more = root != NULL;
  if (more)
    vq_error_set (error, VQ_ERROR_USAGE, "line %u: a second document begins here",
                  vq_yaml_get_line (root) + first_line - 1);
  yaml_document_delete (&next);
  return !more;
}

VqYaml *
vq_yaml_parse (const char *text, gsize n, guint first_line, GError **error)
{
  g_autoptr (VqYaml) yaml = g_new0 (VqYaml, 1);
  yaml_parser_t parser;
  gboolean good;

  if (!yaml_parser_initialize (&parser))
    g_error ("out of memory");
  yaml_parser_set_encoding (&parser, YAML_UTF8_ENCODING);
  yaml_parser_set_input_string (&parser, (const unsigned char *)(n > 0 ? text : ""), n);
  good = yaml_parser_load (&parser, &yaml->document)
             ? vq_yaml_get_root (yaml) == NULL || check_end (&parser, text, first_line, error)
             : tell_problem (&parser, text, first_line, error);
  yaml_parser_delete (&parser);
  return good ? g_steal_pointer (&yaml) : NULL;
}

/* The number of a new node. libyaml fails only when there is no memory. */
static int
sure (int number)
{
  if (number == 0)
    g_error ("out of memory");
  return number;
}

static int
add_sequence (VqYaml *yaml, const yaml_char_t *tag)
{
  return sure (yaml_document_add_sequence (&yaml->document, tag, YAML_BLOCK_SEQUENCE_STYLE));
}

static int
add_mapping (VqYaml *yaml, const yaml_char_t *tag)
{
  return sure (yaml_document_add_mapping (&yaml->document, tag, YAML_BLOCK_MAPPING_STYLE));
}

/* A block keeps a text readable, but a reader takes each kind of line break in it for "\n". */
static yaml_scalar_style_t
choose_style (const char *text)
{
  static const char *const breaks[] = { "\r", "\302\205", "\342\200\250", "\342\200\251" };

  if (strchr (text, '\n') == NULL)
    return YAML_DOUBLE_QUOTED_SCALAR_STYLE;
  for (guint i = 0; i < G_N_ELEMENTS (breaks); i++)
    if (strstr (text, breaks[i]) != NULL)
      return YAML_DOUBLE_QUOTED_SCALAR_STYLE;
  return YAML_LITERAL_SCALAR_STYLE;
}

static int
add_text (VqYaml *yaml, const char *text, yaml_scalar_style_t style)
{
  return sure (yaml_document_add_scalar (&yaml->document, NULL, (const yaml_char_t *)text,
                                         (int)strlen (text), style));
}

VqYaml *
vq_yaml_new (yaml_node_type_t root)
{
  VqYaml *yaml = g_new0 (VqYaml, 1);

  if (!yaml_document_initialize (&yaml->document, NULL, NULL, NULL, 1, 1))
    g_error ("out of memory");
  if (root == YAML_MAPPING_NODE)
    add_mapping (yaml, NULL);
  else
    add_sequence (yaml, NULL);
  return yaml;
}

void
vq_yaml_free (VqYaml *yaml)
{
  if (yaml == NULL)
    return;
  yaml_document_delete (&yaml->document);
  g_free (yaml);
}

yaml_node_t *
vq_yaml_get_root (VqYaml *yaml)
{
  return yaml_document_get_root_node (&yaml->document);
}

yaml_node_t *
vq_yaml_get_node (VqYaml *yaml, int number)
{
  return yaml_document_get_node (&yaml->document, number);
}

const char *
vq_yaml_get_text (const yaml_node_t *node)
{
  return node != NULL && node->type == YAML_SCALAR_NODE ? (const char *)node->data.scalar.value
                                                        : NULL;
}

guint
vq_yaml_get_line (const yaml_node_t *node)
{
  return (guint)node->start_mark.line + 1;
}

static yaml_node_pair_t *
find_pair (VqYaml *yaml, const yaml_node_t *mapping, const char *key)
{
  for (yaml_node_pair_t *pair = mapping->data.mapping.pairs.top;
       pair > mapping->data.mapping.pairs.start; pair--)
    if (g_strcmp0 (vq_yaml_get_text (vq_yaml_get_node (yaml, pair[-1].key)), key) == 0)
      return &pair[-1];
  return NULL;
}

yaml_node_t *
vq_yaml_find (VqYaml *yaml, const yaml_node_t *mapping, const char *key)
{
  const yaml_node_pair_t *pair = find_pair (yaml, mapping, key);

  return pair != NULL ? vq_yaml_get_node (yaml, pair->value) : NULL;
}

static int copy_node (Copy *copy, const yaml_node_t *node, guint depth);

static int
copy_sequence (Copy *copy, const yaml_node_t *node, guint depth)
{
  int sequence = add_sequence (copy->to, node->tag);

  for (yaml_node_item_t *item = node->data.sequence.items.start;
       item < node->data.sequence.items.top; item++)
    {
      int child = copy_node (copy, vq_yaml_get_node (copy->from, *item), depth);

      if (child == 0)
        return 0;
      sure (yaml_document_append_sequence_item (&copy->to->document, sequence, child));
    }
  return sequence;
}

static int
copy_mapping (Copy *copy, const yaml_node_t *node, guint depth)
{
  int mapping = add_mapping (copy->to, node->tag);

  for (yaml_node_pair_t *pair = node->data.mapping.pairs.start; pair < node->data.mapping.pairs.top;
       pair++)
    {
      int key = copy_node (copy, vq_yaml_get_node (copy->from, pair->key), depth);
      int value
          = key != 0 ? copy_node (copy, vq_yaml_get_node (copy->from, pair->value), depth) : 0;

      if (value == 0)
        return 0;
      sure (yaml_document_append_mapping_pair (&copy->to->document, mapping, key, value));
    }
  return mapping;
}

/* It keeps its tag and its quotes, because both decide what it means: yes is no text, "yes" is. */
static int
copy_scalar (Copy *copy, const yaml_node_t *node)
{
  return sure (yaml_document_add_scalar (&copy->to->document, node->tag, node->data.scalar.value,
                                         (int)node->data.scalar.length, node->data.scalar.style));
}

/* Returns 0 on failure. */
static int
copy_node (Copy *copy, const yaml_node_t *node, guint depth)
{
  if (depth >= VQ_YAML_MAX_DEPTH || ++copy->to->n_copied > VQ_YAML_MAX_NODES)
    {
      vq_error_set (copy->error, VQ_ERROR_USAGE, "line %u: too much is nested here",
                    vq_yaml_get_line (node));
      return 0;
    }
  switch (node->type)
    {
    case YAML_SEQUENCE_NODE:
      return copy_sequence (copy, node, depth + 1);
    case YAML_MAPPING_NODE:
      return copy_mapping (copy, node, depth + 1);
    default:
      return copy_scalar (copy, node);
    }
}

static void
append (VqYaml *yaml, int number)
{
  sure (yaml_document_append_sequence_item (&yaml->document, 1, number));
}

void
vq_yaml_append_text (VqYaml *yaml, const char *text)
{
  append (yaml, add_text (yaml, text, choose_style (text)));
}

gboolean
vq_yaml_append (VqYaml *yaml, VqYaml *from, const yaml_node_t *node, GError **error)
{
  Copy copy = { yaml, from, error };
  int number = copy_node (&copy, node, 0);

  if (number != 0)
    append (yaml, number);
  return number != 0;
}

void
vq_yaml_set_word (VqYaml *yaml, const char *key, const char *word)
{
  int name = add_text (yaml, key, YAML_PLAIN_SCALAR_STYLE);
  int value = add_text (yaml, word, YAML_PLAIN_SCALAR_STYLE);

  sure (yaml_document_append_mapping_pair (&yaml->document, 1, name, value));
}

gboolean
vq_yaml_set (VqYaml *yaml, VqYaml *from, const yaml_node_t *key, const yaml_node_t *value,
             GError **error)
{
  Copy copy = { yaml, from, error };
  const char *name = vq_yaml_get_text (key);
  int new_value = copy_node (&copy, value, 0);
  yaml_node_pair_t *old = name != NULL ? find_pair (yaml, vq_yaml_get_root (yaml), name) : NULL;
  int new_key = new_value != 0 && old == NULL ? copy_node (&copy, key, 0) : 0;

  if (new_value == 0 || (old == NULL && new_key == 0))
    return FALSE;
  if (old != NULL)
    old->value = new_value;
  else
    sure (yaml_document_append_mapping_pair (&yaml->document, 1, new_key, new_value));
  return TRUE;
}

static int
write_text (void *text, unsigned char *bytes, size_t n)
{
  g_string_append_len (text, (const char *)bytes, (gssize)n);
  return 1;
}

char *
vq_yaml_format (VqYaml *yaml)
{
  GString *text = g_string_new (NULL);
  yaml_emitter_t emitter;

  if (!yaml_emitter_initialize (&emitter))
    g_error ("out of memory");
  yaml_emitter_set_output (&emitter, write_text, text);
  yaml_emitter_set_encoding (&emitter, YAML_UTF8_ENCODING);
  yaml_emitter_set_unicode (&emitter, 1);
  yaml_emitter_set_width (&emitter, -1);
  if (!yaml_emitter_dump (&emitter, &yaml->document) || !yaml_emitter_close (&emitter))
    g_error ("cannot write YAML: %s", emitter.problem);
  yaml_emitter_delete (&emitter);
  return g_string_free (text, FALSE);
}
