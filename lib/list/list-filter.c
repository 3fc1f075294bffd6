// SPDX-License-Identifier: GPL-2.0-or-later
#include "list/list-filter.h"

#include <string.h>

#include "base/error.h"
#include "io/plain-file.h"
#include "base/json.h"

/* The options whose value is the whole text of a member of the row. */
#define SAME(OPTION, MEMBER, FIELD)                                                                \
  {                                                                                                \
    OPTION, MEMBER, G_STRUCT_OFFSET (VqListFilter, FIELD)                                          \
  }
static const struct
{
  const char *option;
  const char *member;
  glong offset;
} same[] = {
  SAME ("owner", "owner", owner),
  SAME ("desc", "description", desc),
  SAME ("os-type", "os_type", os_type),
  SAME ("os-version", "os_version", os_version),
  SAME ("machine-type", "machine_type", machine_type),
  SAME ("status", "status", status),
};

static char **
get_field (const VqListFilter *filter, gsize i)
{
  return G_STRUCT_MEMBER_P (filter, same[i].offset);
}

void
vq_list_filter_clear (VqListFilter *filter)
{
  for (gsize i = 0; i < G_N_ELEMENTS (same); i++)
    g_clear_pointer (get_field (filter, i), g_free);
  g_clear_pointer (&filter->locked, g_free);
  g_clear_pointer (&filter->desc_pattern, g_regex_unref);
  g_clear_pointer (&filter->query, json_node_unref);
}

static gboolean
check_word (const char *value, const char *one, const char *other, GError **error)
{
  return strcmp (value, one) == 0 || strcmp (value, other) == 0
         || vq_error_set (error, VQ_ERROR_USAGE, "\"%s\" is not %s or %s", value, one, other);
}

static gboolean
set_pattern (VqListFilter *filter, const char *value, GError **error)
{
  g_autoptr (GError) why = NULL;

  g_clear_pointer (&filter->desc_pattern, g_regex_unref);
  filter->desc_pattern = g_regex_new (value, 0, 0, &why);
  return filter->desc_pattern != NULL
         || vq_error_set (error, VQ_ERROR_USAGE, "not a regular expression: %s", why->message);
}

static gboolean
set_query (VqListFilter *filter, const char *value, GError **error)
{
  g_autoptr (GError) why = NULL;
  g_autofree char *text
      = value[0] == '{' ? g_strdup (value) : vq_plain_file_read_text (value, NULL, &why);

  g_clear_pointer (&filter->query, json_node_unref);
  if (text != NULL)
    filter->query = vq_json_parse_object (text, strlen (text), &why);
  return filter->query != NULL
         || vq_error_set (error, VQ_ERROR_USAGE,
                          "neither a JSON object, nor the path of a file with one: %s",
                          why->message);
}

static gboolean
set_text (VqListFilter *filter, const char *option, const char *value, GError **error)
{
  if (strcmp (option, "status") == 0 && !check_word (value, "up", "down", error))
    return FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS (same); i++)
    if (strcmp (option, same[i].option) == 0)
      {
        g_free (*get_field (filter, i));
        *get_field (filter, i) = g_strdup (value);
        return TRUE;
      }
  g_return_val_if_reached (FALSE);
}

gboolean
vq_list_filter_set (VqListFilter *filter, const char *option, const char *value, GError **error)
{
  if (strcmp (option, "desc-pattern") == 0)
    return set_pattern (filter, value, error);
  if (strcmp (option, "json-query") == 0)
    return set_query (filter, value, error);
  if (strcmp (option, "locked") != 0)
    return set_text (filter, option, value, error);
  g_free (filter->locked);
  filter->locked = g_strdup (value);
  return check_word (value, "true", "false", error);
}

/* Whether VALUE, which is wanted, is what IS has. */
static gboolean
is_part (JsonNode *value, JsonNode *is)
{
  JsonObjectIter iter;
  const char *name;
  JsonNode *member;

  if (is == NULL)
    return JSON_NODE_HOLDS_NULL (value);
  if (!JSON_NODE_HOLDS_OBJECT (value) || !JSON_NODE_HOLDS_OBJECT (is))
    return json_node_equal (value, is);
  json_object_iter_init (&iter, json_node_get_object (value));
  while (json_object_iter_next (&iter, &name, &member))
    if (!is_part (member, json_object_get_member (json_node_get_object (is), name)))
      return FALSE;
  return TRUE;
}

static gboolean
has_texts (const VqListFilter *filter, JsonObject *row)
{
  for (gsize i = 0; i < G_N_ELEMENTS (same); i++)
    {
      const char *wanted = *get_field (filter, i);

      if (wanted != NULL
          && g_strcmp0 (wanted,
                        json_object_get_string_member_with_default (row, same[i].member, ""))
                 != 0)
        return FALSE;
    }
  return TRUE;
}

static gboolean
matches_pattern (const VqListFilter *filter, JsonObject *row)
{
  const char *text = json_object_get_string_member_with_default (row, "description", NULL);

  return filter->desc_pattern == NULL
         || (text != NULL && g_regex_match (filter->desc_pattern, text, 0, NULL));
}

static gboolean
matches_query (const VqListFilter *filter, JsonObject *row)
{
  g_autoptr (JsonNode) node = json_node_init_object (json_node_alloc (), row);

  return filter->query == NULL || is_part (filter->query, node);
}

gboolean
vq_list_filter_matches (const VqListFilter *filter, JsonObject *row)
{
  gboolean locked = json_object_get_boolean_member_with_default (row, "locked", FALSE);

  return (filter->locked == NULL || locked == (strcmp (filter->locked, "true") == 0))
         && has_texts (filter, row) && matches_pattern (filter, row) && matches_query (filter, row);
}
