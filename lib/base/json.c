// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/json.h"

#include <stdarg.h>
#include <string.h>

#include "base/error.h"

/* json-glib also accepts comments and other kinds of quotes, in which check_limits would miscount
 * brackets. */
static gboolean
is_json_outside_strings (char c)
{
  return g_ascii_isalnum (c) || (c != '\0' && strchr ("{}[]:,+-. \t\r\n\"", c) != NULL);
}

/* json-glib's parser recurses without a limit, and makes a large node of each small value, so the
 * depth and the number of values are checked before it runs. */
static gboolean
check_limits (const char *text, gsize length, GError **error)
{
  gboolean in_string = FALSE;
  guint depth = 0;
  guint marks = 0;

  for (gsize i = 0; i < length; i++)
    {
      char c = text[i];

      if (in_string && c == '\\')
        i++;
      else if (c == '"')
        in_string = !in_string;
      else if (!in_string && !is_json_outside_strings (c))
        return vq_error_set (error, VQ_ERROR_PEER, "bad JSON: unexpected byte 0x%02x", (guchar)c);
      else if (!in_string && (c == '{' || c == '[') && ++depth > VQ_JSON_MAX_DEPTH)
        return vq_error_set (error, VQ_ERROR_PEER, "JSON nested deeper than %d", VQ_JSON_MAX_DEPTH);
      else if (!in_string && strchr ("{[,:", c) != NULL && ++marks > VQ_JSON_MAX_MARKS)
        return vq_error_set (error, VQ_ERROR_PEER, "JSON with too many values");
      else if (!in_string && (c == '}' || c == ']') && depth > 0)
        depth--;
    }
  return TRUE;
}

JsonNode *
vq_json_parse_object (const char *text, gsize length, GError **error)
{
  g_autoptr (JsonParser) parser = json_parser_new_immutable ();
  g_autoptr (GError) local = NULL;
  JsonNode *root;

  if (!check_limits (text, length, error))
    return NULL;
  if (!json_parser_load_from_data (parser, text, length, &local))
    {
      vq_error_set (error, VQ_ERROR_PEER, "bad JSON: %s", local->message);
      return NULL;
    }
  root = json_parser_get_root (parser);
  if (root == NULL || !JSON_NODE_HOLDS_OBJECT (root))
    {
      vq_error_set (error, VQ_ERROR_PEER, "bad JSON: not an object");
      return NULL;
    }
  return json_node_ref (root);
}

/* Sets *NODE to the member, or to NULL if there is none. Fails if the member's type is not TYPE (a
 * value type, or an object). */
static gboolean
find_member (JsonObject *object, const char *member, GType type, JsonNode **node, GError **error)
{
  *node = json_object_get_member (object, member);
  if (*node == NULL || json_node_get_value_type (*node) == type)
    return TRUE;
  return vq_error_set (error, VQ_ERROR_PEER, "\"%s\" has the wrong type %s", member,
                       json_node_type_name (*node));
}

gboolean
vq_json_get_int (JsonObject *object, const char *member, gint64 fallback, gint64 *value,
                 GError **error)
{
  JsonNode *node;

  if (!find_member (object, member, G_TYPE_INT64, &node, error))
    return FALSE;
  *value = node != NULL ? json_node_get_int (node) : fallback;
  return TRUE;
}

gboolean
vq_json_get_bool (JsonObject *object, const char *member, gboolean fallback, gboolean *value,
                  GError **error)
{
  JsonNode *node;

  if (!find_member (object, member, G_TYPE_BOOLEAN, &node, error))
    return FALSE;
  *value = node != NULL ? json_node_get_boolean (node) : fallback;
  return TRUE;
}

gboolean
vq_json_get_string (JsonObject *object, const char *member, const char *fallback,
                    const char **value, GError **error)
{
  JsonNode *node;

  if (!find_member (object, member, G_TYPE_STRING, &node, error))
    return FALSE;
  *value = node != NULL ? json_node_get_string (node) : fallback;
  return TRUE;
}

gboolean
vq_json_get_object (JsonObject *object, const char *member, JsonObject **value, GError **error)
{
  JsonNode *node = json_object_get_member (object, member);

  if (node != NULL && !JSON_NODE_HOLDS_OBJECT (node))
    return vq_error_set (error, VQ_ERROR_PEER, "\"%s\" is not an object", member);
  *value = node != NULL ? json_node_get_object (node) : NULL;
  return TRUE;
}

static void
set_member (JsonObject *object, const char *member, const char *kind, va_list *args)
{
  if (kind[0] == 's')
    json_object_set_string_member (object, member, va_arg (*args, const char *));
  else if (kind[0] == 'i')
    json_object_set_int_member (object, member, va_arg (*args, gint64));
  else
    json_object_set_boolean_member (object, member, va_arg (*args, int));
}

JsonNode *
vq_json_build (const char *first_member, ...)
{
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);
  JsonObject *object = json_object_new ();
  va_list args;

  va_start (args, first_member);
  for (const char *member = first_member; member != NULL; member = va_arg (args, const char *))
    {
      const char *kind = va_arg (args, const char *);

      set_member (object, member, kind, &args);
    }
  va_end (args);
  json_node_take_object (node, object);
  return node;
}
