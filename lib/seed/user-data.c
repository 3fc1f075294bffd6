// SPDX-License-Identifier: GPL-2.0-or-later
#include "seed/user-data.h"

#include <gio/gio.h>
#include <string.h>

#include "base/error.h"
#include "seed/yaml.h"

#define GZIP_MAGIC "\037\213"

/* In so many bytes cloud-init looks for the header that makes it a MIME message. */
#define MIME_LOOK 4096

#define ARCHIVE_LINE "#cloud-config-archive\n"

typedef enum
{
  KIND_UNKNOWN,
  KIND_CONFIG,  /* YAML */
  KIND_ARCHIVE, /* a list of the others in YAML */
  KIND_SCRIPT,  /* it can be in an archive, and sets nothing of cloud-config */
  KIND_HIDDEN,  /* it can be in an archive; what it sets is not known */
  KIND_ALONE,   /* the same, but it cannot be in an archive */
} Kind;

/* The longest come first. */
static const struct
{
  const char *beginning; /* in lower case */
  Kind kind;
} kinds[] = {
  { "#cloud-config-archive", KIND_ARCHIVE },
  { "#cloud-config-jsonp", KIND_HIDDEN },
  { "## template: jinja", KIND_HIDDEN },
  { "#cloud-boothook", KIND_SCRIPT },
  { "#part-handler", KIND_HIDDEN },
  { "#cloud-config", KIND_CONFIG },
  { "#upstart-job", KIND_SCRIPT },
  { "#include", KIND_ALONE },
  { "#!", KIND_SCRIPT },
};

/* Called for each cloud-config, whose first line is LINE of the file. */
typedef gboolean (*Visit) (const char *text, gsize n, guint line, gpointer data, GError **error);

static gboolean
is_mime (const char *text, gsize n)
{
  g_autofree char *head = g_ascii_strdown (text, (gssize)MIN (n, MIME_LOOK));

  return memmem (head, MIN (n, MIME_LOOK), "mime-version:", strlen ("mime-version:")) != NULL;
}

static Kind
find_kind (const char *text, gsize n)
{
  const char *end;

  if (n == 0) /* TEXT may be NULL then */
    return KIND_UNKNOWN;
  end = text + n;
  if (is_mime (text, n))
    return KIND_ALONE;
  while (text < end && g_ascii_isspace (*text))
    text++;
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      gsize length = strlen (kinds[i].beginning);

      if ((gsize)(end - text) >= length
          && g_ascii_strncasecmp (text, kinds[i].beginning, length) == 0)
        return kinds[i].kind;
    }
  return KIND_UNKNOWN;
}

static Kind
find_part_kind (GBytes *part)
{
  gsize n;
  const char *text = g_bytes_get_data (part, &n);
  Kind kind = find_kind (text, n);

  return kind != KIND_UNKNOWN && !g_utf8_validate_len (text, n, NULL) ? KIND_ALONE : kind;
}

static GBytes *
take_all (GInputStream *stream, gsize max, GError **error)
{
  g_autoptr (GByteArray) all = g_byte_array_new ();
  guint8 block[16384];
  gssize n;

  while ((n = g_input_stream_read (stream, block, sizeof block, NULL, error)) > 0)
    {
      g_byte_array_append (all, block, (guint)n);
      if (all->len > max)
        {
          vq_error_set (error, VQ_ERROR_USAGE, "more than %" G_GSIZE_FORMAT " MiB when unpacked",
                        max / 1024 / 1024);
          return NULL;
        }
    }
  return n == 0 ? g_byte_array_free_to_bytes (g_steal_pointer (&all)) : NULL;
}

GBytes *
vq_user_data_unpack (GBytes *raw, gsize max, GError **error)
{
  g_autoptr (GZlibDecompressor) gzip = NULL;
  g_autoptr (GInputStream) packed = NULL;
  g_autoptr (GInputStream) stream = NULL;
  gsize n;
  const char *bytes = g_bytes_get_data (raw, &n);
  VQ_ERROR_PREFIX (error, "cannot unpack it (gzip)");

  if (n < 2 || memcmp (bytes, GZIP_MAGIC, 2) != 0)
    return g_bytes_ref (raw);
  gzip = g_zlib_decompressor_new (G_ZLIB_COMPRESSOR_FORMAT_GZIP);
  packed = g_memory_input_stream_new_from_bytes (raw);
  stream = g_converter_input_stream_new (packed, G_CONVERTER (gzip));
  return take_all (stream, max, error);
}

static gboolean
visit_item (const yaml_node_t *content, const char *type, guint number, Visit visit, gpointer data,
            GError **error)
{
  const char *text = vq_yaml_get_text (content);
  gsize n = content->data.scalar.length;
  gboolean in_block = content->data.scalar.style == YAML_LITERAL_SCALAR_STYLE
                      || content->data.scalar.style == YAML_FOLDED_SCALAR_STYLE;
  Kind kind = type != NULL ? KIND_SCRIPT : find_kind (text, n);
  VQ_ERROR_PREFIX (error, "item %u, a cloud-config", number);

  if (g_strcmp0 (type, "text/cloud-config") != 0 && kind != KIND_UNKNOWN && kind != KIND_CONFIG)
    return TRUE;
  return visit (text, n, vq_yaml_get_line (content) + in_block, data, error);
}

/* An item is a text, or a mapping with the text as "content". */
static gboolean
visit_node (VqYaml *yaml, const yaml_node_t *node, guint number, Visit visit, gpointer data,
            GError **error)
{
  const yaml_node_t *content = node;
  const char *type = NULL;

  if (node->type == YAML_MAPPING_NODE)
    {
      content = vq_yaml_find (yaml, node, "content");
      type = vq_yaml_get_text (vq_yaml_find (yaml, node, "type"));
    }
  if (vq_yaml_get_text (content) == NULL)
    return vq_error_set (error, VQ_ERROR_USAGE,
                         "line %u: item %u of the archive is neither a text nor a mapping with a "
                         "text as its content",
                         vq_yaml_get_line (node), number);
  return visit_item (content, type, number, visit, data, error);
}

static gboolean
visit_archive (VqYaml *yaml, Visit visit, gpointer data, GError **error)
{
  const yaml_node_t *root = vq_yaml_get_root (yaml);

  if (root == NULL)
    return TRUE;
  if (root->type != YAML_SEQUENCE_NODE)
    return vq_error_set (error, VQ_ERROR_USAGE,
                         "line %u: a cloud-config-archive must be a list, with a \"-\" before each "
                         "item",
                         vq_yaml_get_line (root));
  for (yaml_node_item_t *item = root->data.sequence.items.start;
       item < root->data.sequence.items.top; item++)
    if (!visit_node (yaml, vq_yaml_get_node (yaml, *item),
                     (guint)(item - root->data.sequence.items.start) + 1, visit, data, error))
      return FALSE;
  return TRUE;
}

static gboolean
visit_configs (GBytes *part, Kind kind, Visit visit, gpointer data, GError **error)
{
  gsize n;
  const char *text = g_bytes_get_data (part, &n);
  g_autoptr (VqYaml) yaml = NULL;

  if (kind == KIND_CONFIG)
    return visit (text, n, 1, data, error);
  if (kind != KIND_ARCHIVE)
    return TRUE;
  yaml = vq_yaml_parse (text, n, 1, error);
  return yaml != NULL && visit_archive (yaml, visit, data, error);
}

static gboolean
check_config (const char *text, gsize n, guint line, gpointer data, GError **error)
{
  g_autoptr (VqYaml) yaml = vq_yaml_parse (text, n, line, error);
  const yaml_node_t *root = yaml != NULL ? vq_yaml_get_root (yaml) : NULL;

  if (yaml == NULL)
    return FALSE;
  return root == NULL || root->type == YAML_MAPPING_NODE
         || vq_error_set (
             error, VQ_ERROR_USAGE,
             "line %u: it must be a mapping (\"KEY: VALUE\"), not a %s; a script begins "
             "with \"#!\"",
             vq_yaml_get_line (root) + line - 1,
             root->type == YAML_SEQUENCE_NODE ? "list" : "text");
}

gboolean
vq_user_data_check (GBytes *part, GError **error)
{
  Kind kind = find_part_kind (part);

  if (kind == KIND_UNKNOWN)
    return vq_error_set (error, VQ_ERROR_USAGE,
                         "line 1: cloud-init would not know what it is; the first line must be "
                         "#cloud-config, #cloud-config-archive, #! and an interpreter, or another "
                         "that it knows");
  return visit_configs (part, kind, check_config, NULL, error);
}

/* Fails if it finds the key. */
static gboolean
miss_key (const char *text, gsize n, guint line, gpointer key, GError **error)
{
  g_autoptr (VqYaml) yaml = vq_yaml_parse (text, n, line, NULL);
  const yaml_node_t *root = yaml != NULL ? vq_yaml_get_root (yaml) : NULL;

  return root == NULL || root->type != YAML_MAPPING_NODE || vq_yaml_find (yaml, root, key) == NULL;
}

gboolean
vq_user_data_may_set (GBytes *part, const char *key)
{
  Kind kind = find_part_kind (part);

  return kind == KIND_HIDDEN || kind == KIND_ALONE
         || !visit_configs (part, kind, miss_key, (gpointer)key, NULL);
}

/* cloud-init complains of a cloud-config with nothing in it. */
static gboolean
says_nothing (GBytes *part)
{
  gsize n;
  const char *text = g_bytes_get_data (part, &n);
  g_autoptr (VqYaml) yaml = vq_yaml_parse (text, n, 1, NULL);

  return yaml != NULL && vq_yaml_get_root (yaml) == NULL;
}

static gboolean
append_items (VqYaml *archive, GBytes *part, GError **error)
{
  gsize n;
  const char *text = g_bytes_get_data (part, &n);
  g_autoptr (VqYaml) yaml = vq_yaml_parse (text, n, 1, error);
  const yaml_node_t *root = yaml != NULL ? vq_yaml_get_root (yaml) : NULL;

  if (root == NULL)
    return yaml != NULL;
  for (yaml_node_item_t *item = root->data.sequence.items.start;
       item < root->data.sequence.items.top; item++)
    if (!vq_yaml_append (archive, yaml, vq_yaml_get_node (yaml, *item), error))
      return FALSE;
  return TRUE;
}

static gboolean
append_part (VqYaml *archive, GBytes *part, GError **error)
{
  Kind kind = find_part_kind (part);
  g_autofree char *text = NULL;

  if (kind == KIND_ARCHIVE)
    return append_items (archive, part, error);
  if (kind == KIND_CONFIG && says_nothing (part))
    return TRUE;
  text = g_strndup (g_bytes_get_data (part, NULL), g_bytes_get_size (part));
  vq_yaml_append_text (archive, text);
  return TRUE;
}

static GBytes *
merge_archive (const GPtrArray *parts, GError **error)
{
  g_autoptr (VqYaml) archive = vq_yaml_new (YAML_SEQUENCE_NODE);
  g_autofree char *list = NULL;
  char *text;

  for (guint i = 0; i < parts->len; i++)
    if (!append_part (archive, parts->pdata[i], error))
      return NULL;
  list = vq_yaml_format (archive);
  text = g_strconcat (ARCHIVE_LINE, list, NULL);
  return g_bytes_new_take (text, strlen (text));
}

/* A message may lie in another one as it is. Of all else, cloud-init finds out what it is. */
static void
append_mime_part (GString *message, GBytes *part)
{
  gsize n;
  const char *text = g_bytes_get_data (part, &n);
  g_autofree char *encoded = NULL;

  if (is_mime (text, n))
    {
      g_string_append_len (message, text, (gssize)n);
      return;
    }
  g_string_append (message, "Content-Type: text/plain; charset=\"utf-8\"\n"
                            "Content-Transfer-Encoding: base64\n\n");
  encoded = g_base64_encode ((const guchar *)text, n);
  for (const char *line = encoded; *line != '\0'; line += MIN (strlen (line), 76))
    g_string_append_printf (message, "%.76s\n", line);
}

static GBytes *
merge_mime (const GPtrArray *parts)
{
  GString *message = g_string_new (NULL);
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  const char *boundary;

  for (guint i = 0; i < parts->len; i++)
    g_checksum_update (sum, g_bytes_get_data (parts->pdata[i], NULL),
                       (gssize)g_bytes_get_size (parts->pdata[i]));
  boundary = g_checksum_get_string (sum);
  g_string_append_printf (
      message, "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"%s\"\n", boundary);
  for (guint i = 0; i < parts->len; i++)
    {
      g_string_append_printf (message, "\n--%s\n", boundary);
      append_mime_part (message, parts->pdata[i]);
    }
  g_string_append_printf (message, "\n--%s--\n", boundary);
  return g_string_free_to_bytes (message);
}

GBytes *
vq_user_data_merge (const GPtrArray *parts, GError **error)
{
  if (parts->len == 0)
    return g_bytes_new_static (VQ_USER_DATA_NONE, strlen (VQ_USER_DATA_NONE));
  if (parts->len == 1)
    return g_bytes_ref (parts->pdata[0]);
  for (guint i = 0; i < parts->len; i++)
    if (find_part_kind (parts->pdata[i]) == KIND_ALONE)
      return merge_mime (parts);
  return merge_archive (parts, error);
}
