// SPDX-License-Identifier: GPL-2.0-or-later
#include "verb/template-list.h"

#include <string.h>

#include "base/text.h"
#include "base/units.h"
#include "template/template-entry.h"
#include "template/template-sweep.h"
#include "verb/verb-output.h"

#define SHOWN_DIGITS 12 /* of a key */

static const char *
get_state (const VqTemplateEntry *entry, const VqTemplateLimits *limits)
{
  if (entry->is_in_use)
    return "in use";
  if (entry->problem != NULL)
    return "damaged";
  if (entry->is_superseded || vq_template_sweep_expired (entry->info, limits) != NULL)
    return "expired";
  return "unused";
}

static void
print_row (const VqTemplateEntry *entry, const VqTemplateLimits *limits)
{
  const char *image = entry->info != NULL ? vq_template_info_get_image (entry->info) : "?";
  g_autofree char *shown = vq_text_printable (image, strlen (image), G_MAXSIZE);
  g_autofree char *key
      = g_strdup_printf ("%.*s%s", SHOWN_DIGITS, entry->key, entry->name + strlen (entry->key));
  g_autofree char *age = entry->info != NULL
                             ? vq_units_age_to_string (vq_template_info_get_age (entry->info))
                             : g_strdup ("?");
  g_autofree char *size = vq_units_size_to_string (entry->allocated);

  vq_verb_output_text ("%-14s  %-7s  %-9s  %-7s  %s\n", key, age, size, get_state (entry, limits),
                       shown);
  if (entry->problem != NULL)
    g_warning ("%s", entry->problem);
}

static void
print_table (GPtrArray *entries, const VqTemplateLimits *limits)
{
  if (entries->len == 0)
    g_message ("there are no templates");
  else
    vq_verb_output_text ("%-14s  %-7s  %-9s  %-7s  %s\n", "KEY", "AGE", "SIZE", "STATE", "IMAGE");
  for (guint i = entries->len; i > 0; i--)
    print_row (entries->pdata[i - 1], limits);
}

static void
add_object (JsonBuilder *builder, const VqTemplateEntry *entry, const VqTemplateLimits *limits)
{
  const VqTemplateInfo *info = entry->info;

  json_builder_begin_object (builder);
  vq_verb_output_add_string (builder, "name", entry->name);
  vq_verb_output_add_string (builder, "state", get_state (entry, limits));
  vq_verb_output_add_string (builder, "problem", entry->problem);
  vq_verb_output_add_string (builder, "image",
                             info != NULL ? vq_template_info_get_image (info) : NULL);
  if (info != NULL)
    vq_verb_output_add_time (builder, "created", vq_template_info_get_created (info));
  else
    vq_verb_output_add_string (builder, "created", NULL);
  vq_verb_output_add_time (builder, "last_used", entry->last_used);
  vq_verb_output_add_int (builder, "disk_space", entry->allocated);
  json_builder_end_object (builder);
}

static void
print_json (GPtrArray *entries, const VqTemplateLimits *limits)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  json_builder_begin_array (builder);
  for (guint i = entries->len; i > 0; i--)
    add_object (builder, entries->pdata[i - 1], limits);
  json_builder_end_array (builder);
  vq_verb_output_json (builder);
}

static void
print_names (GPtrArray *entries)
{
  for (guint i = entries->len; i > 0; i--)
    vq_verb_output_text ("%s\n", ((const VqTemplateEntry *)entries->pdata[i - 1])->name);
}

void
vq_template_list_print (GPtrArray *entries, const VqTemplateLimits *limits,
                        VqTemplateListFormat format)
{
  if (format == VQ_TEMPLATE_LIST_TABLE)
    print_table (entries, limits);
  else if (format == VQ_TEMPLATE_LIST_JSON)
    print_json (entries, limits);
  else
    print_names (entries);
}
