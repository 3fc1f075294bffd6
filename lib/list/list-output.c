// SPDX-License-Identifier: GPL-2.0-or-later
#include "list/list-output.h"

#include <string.h>

#include "base/text.h"
#include "base/units.h"
#include "list/instance-row.h"
#include "list/targets.h"
#include "verb/verb-output.h"

/* What is printed for a text that is not known. */
#define NONE "-"

/* The text of MEMBER, without anything that a terminal would obey. Transfer full. */
static char *
get_printable (JsonObject *row, const char *member)
{
  const char *text = vq_instance_row_get_text (row, member);

  return text != NULL ? vq_text_printable (text, strlen (text), G_MAXSIZE) : g_strdup (NONE);
}

static char *
get_age (JsonObject *row)
{
  const char *created = vq_instance_row_get_text (row, "created");
  g_autoptr (GDateTime) then
      = created != NULL ? g_date_time_new_from_iso8601 (created, NULL) : NULL;
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();

  return then != NULL ? vq_units_age_to_string (g_date_time_difference (now, then) / G_USEC_PER_SEC)
                      : g_strdup (NONE);
}

static void
print_table_row (JsonObject *row)
{
  g_autofree char *image = get_printable (row, "image");
  g_autofree char *age = get_age (row);
  g_autofree char *size = vq_units_size_to_string (json_object_get_int_member (row, "disk"));

  vq_verb_output_text ("%-20s  %-8s  %-7s  %-9s  %s\n", vq_instance_row_get_text (row, "name"),
                       vq_instance_row_get_text (row, "state"), age, size, image);
}

static void
print_name (JsonObject *row)
{
  vq_verb_output_text ("%s\n", vq_instance_row_get_text (row, "name"));
}

static void
print_brief (JsonObject *row)
{
  g_autofree char *owner = get_printable (row, "owner");
  g_autofree char *description = get_printable (row, "description");

  vq_verb_output_text ("%-20s  %-6s  %-8s  %-20s  %s\n", vq_instance_row_get_text (row, "name"),
                       vq_instance_row_get_text (row, "status"),
                       json_object_get_boolean_member (row, "locked") ? "locked" : "unlocked",
                       owner, description);
}

/* One without a host key has not run yet, and cannot be reached. */
static void
print_targets (const GPtrArray *rows)
{
  gboolean any = FALSE;

  for (guint i = 0; i < rows->len; i++)
    {
      JsonObject *row = json_node_get_object (rows->pdata[i]);
      const char *key = vq_instance_row_get_text (row, "host_key");

      if (key == NULL)
        continue;
      if (!any)
        vq_targets_begin (TRUE);
      any = TRUE;
      vq_targets_print (vq_instance_row_get_text (row, "name"), key);
    }
  if (!any)
    vq_targets_begin (FALSE);
}

static void
print_each (const GPtrArray *rows, void (*print) (JsonObject *row))
{
  for (guint i = 0; i < rows->len; i++)
    print (json_node_get_object (rows->pdata[i]));
}

static void
print_json (const GPtrArray *rows)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  json_builder_begin_array (builder);
  for (guint i = 0; i < rows->len; i++)
    json_builder_add_value (builder, json_node_ref (rows->pdata[i]));
  json_builder_end_array (builder);
  vq_verb_output_json (builder);
}

/* Machines of one type and owner. */
typedef struct
{
  char *type, *owner;
  guint count, up;
} Group;

static void
group_free (gpointer data)
{
  Group *group = data;

  g_free (group->type);
  g_free (group->owner);
  g_free (group);
}

static Group *
get_group (GPtrArray *groups, JsonObject *row)
{
  g_autofree char *type = get_printable (row, "machine_type");
  g_autofree char *owner = get_printable (row, "owner");
  Group *group;

  for (guint i = 0; i < groups->len; i++)
    {
      group = groups->pdata[i];
      if (strcmp (group->type, type) == 0 && strcmp (group->owner, owner) == 0)
        return group;
    }
  group = g_new0 (Group, 1);
  group->type = g_steal_pointer (&type);
  group->owner = g_steal_pointer (&owner);
  g_ptr_array_add (groups, group);
  return group;
}

static int
compare_groups (gconstpointer a, gconstpointer b)
{
  const Group *one = *(Group *const *)a, *other = *(Group *const *)b;
  int order = strcmp (one->type, other->type);

  return order != 0 ? order : strcmp (one->owner, other->owner);
}

static void
print_summary (const GPtrArray *rows)
{
  g_autoptr (GPtrArray) groups = g_ptr_array_new_with_free_func (group_free);

  for (guint i = 0; i < rows->len; i++)
    {
      JsonObject *row = json_node_get_object (rows->pdata[i]);
      Group *group = get_group (groups, row);

      group->count++;
      group->up += strcmp (vq_instance_row_get_text (row, "status"), "up") == 0;
    }
  g_ptr_array_sort (groups, compare_groups);
  vq_verb_output_text ("%-12s  %5s  %5s  %s\n", "TYPE", "COUNT", "UP", "OWNER");
  for (guint i = 0; i < groups->len; i++)
    {
      const Group *group = groups->pdata[i];

      vq_verb_output_text ("%-12s  %5u  %5u  %s\n", group->type, group->count, group->up,
                           group->owner);
    }
}

void
vq_list_output_print (const GPtrArray *rows, VqListFormat format)
{
  switch (format)
    {
    case VQ_LIST_TABLE:
      if (rows->len > 0)
        vq_verb_output_text ("%-20s  %-8s  %-7s  %-9s  %s\n", "NAME", "STATE", "AGE", "DISK",
                             "IMAGE");
      print_each (rows, print_table_row);
      break;
    case VQ_LIST_JSON:
      print_json (rows);
      break;
    case VQ_LIST_NAMES:
      print_each (rows, print_name);
      break;
    case VQ_LIST_BRIEF:
      print_each (rows, print_brief);
      break;
    case VQ_LIST_SUMMARY:
      print_summary (rows);
      break;
    default:
      print_targets (rows);
    }
}

void
vq_list_output_print_facts (JsonNode *row)
{
  JsonObjectIter iter;
  const char *name;
  JsonNode *value;

  json_object_iter_init_ordered (&iter, json_node_get_object (row));
  while (json_object_iter_next_ordered (&iter, &name, &value))
    {
      g_autofree char *text = json_to_string (value, FALSE);

      vq_verb_output_text ("%-12s %s\n", name, text);
    }
}
