// SPDX-License-Identifier: GPL-2.0-or-later
#include "client/verb-list.h"

#include "base/error.h"
#include "client/instance-request.h"
#include "list/instance-row.h"
#include "list/list-request.h"
#include "instance/instance-place.h"
#include "io/workdir.h"
#include "verb/verb-output.h"

static const char info_help[] = "Usage: virt-qemu info [OPTION...] NAME\n"
                                "\n"
                                "Shows what is known about an instance.\n"
                                "\n"
                                "      --format=FORMAT    table or json (default: table)\n"
                                "  -h, --help             show this text and exit\n";

static const char prune_help[]
    = "Usage: virt-qemu prune [OPTION...]\n"
      "\n"
      "Removes what processes that were killed have left: ephemeral instances that do\n"
      "not run, and halves of instances, whose names begin with \".half-\". Prints the\n"
      "names of what it has removed. The verbs launch, create and list do this, too.\n"
      "\n"
      "      --format=FORMAT    table, json or names (default: table)\n"
      "  -h, --help             show this text and exit\n";

/* An instance that was removed meanwhile is left out; one that is damaged is reported. */
static void
add_one (GPtrArray *rows, VqPrivateDir *place, const char *name, const VqListFilter *filter)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) row = vq_instance_row_read (place, name, &error);

  if (row == NULL && !vq_error_is_missing (error))
    g_warning ("%s", error->message);
  if (row != NULL && vq_list_filter_matches (filter, json_node_get_object (row)))
    g_ptr_array_add (rows, g_steal_pointer (&row));
}

/* All of them, as a list of names. Every one that the user has named must be there. */
static gboolean
choose_names (const VqListRequest *request, VqPrivateDir *place, GPtrArray *names, GError **error)
{
  g_auto (GStrv) all = vq_instance_list (place, error);

  if (all == NULL)
    return FALSE;
  for (guint i = 0; i < request->names->len; i++)
    if (!g_strv_contains ((const char *const *)all, request->names->pdata[i]))
      return vq_error_set (error, VQ_ERROR_MISSING, "there is no instance \"%s\"",
                           (const char *)request->names->pdata[i]);
  for (char **name = all; *name != NULL; name++)
    if ((request->names->len == 0 && !request->targets)
        || g_ptr_array_find_with_equal_func (request->names, *name, g_str_equal, NULL))
      g_ptr_array_add (names, g_strdup (*name));
  return TRUE;
}

static gboolean
show (const VqListRequest *request, GError **error)
{
  g_autoptr (VqPrivateDir) place = vq_instance_place_open_state (error);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func ((GDestroyNotify)json_node_unref);

  if (place == NULL)
    return FALSE;
  g_strfreev (vq_instance_sweep (place));
  if (!choose_names (request, place, names, error))
    return FALSE;
  for (guint i = 0; i < names->len; i++)
    add_one (rows, place, names->pdata[i], &request->filter);
  if (rows->len == 0 && request->format == VQ_LIST_TABLE)
    g_message (names->len == 0 ? "there are no instances" : "there are no such instances");
  vq_list_output_print (rows, request->format);
  return TRUE;
}

VqVerbStatus
vq_verb_list_run (const char *const *arguments)
{
  g_autoptr (GError) error = NULL;
  g_auto (VqListRequest) request = { 0 };

  if (!vq_list_request_parse (&request, arguments, &error))
    return vq_verb_error_report (error, "virt-qemu list --help",
                                 vq_verb_error_wants_json (arguments));
  if (request.help)
    vq_verb_output_text ("%s", vq_list_request_help);
  else if (!show (&request, &error))
    return vq_verb_error_report (error, "virt-qemu list --help", request.format == VQ_LIST_JSON);
  return VQ_VERB_OK;
}

static gboolean
show_info (const VqInstanceRequest *request, GError **error)
{
  g_autoptr (VqPrivateDir) place = vq_instance_place_open_state (error);
  g_autoptr (JsonNode) row
      = place != NULL ? vq_instance_row_read (place, request->names[0], error) : NULL;

  g_autofree char *text = row != NULL && request->json ? json_to_string (row, TRUE) : NULL;

  if (text != NULL)
    vq_verb_output_text ("%s\n", text);
  else if (row != NULL)
    vq_list_output_print_facts (row);
  return row != NULL;
}

VqVerbStatus
vq_verb_list_info (const char *const *arguments)
{
  static const VqInstanceRequestVerb verb = { .min_names = 1,
                                              .max_names = 1,
                                              .help = info_help,
                                              .how = "virt-qemu info --help",
                                              .act = show_info };

  return vq_instance_request_run (&verb, arguments);
}

static gboolean
prune (const VqInstanceRequest *request, GError **error)
{
  g_autoptr (VqPrivateDir) place = vq_instance_place_open_state (error);
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_auto (GStrv) names = place != NULL ? vq_instance_sweep (place) : NULL;

  if (names == NULL)
    return FALSE;
  vq_workdir_sweep (NULL);
  json_builder_begin_array (builder);
  for (char **name = names; *name != NULL; name++)
    if (request->json)
      json_builder_add_string_value (builder, *name);
    else
      vq_verb_output_text ("%s\n", *name);
  json_builder_end_array (builder);
  if (request->json)
    vq_verb_output_json (builder);
  return TRUE;
}

VqVerbStatus
vq_verb_list_prune (const char *const *arguments)
{
  static const VqInstanceRequestVerb verb
      = { .help = prune_help, .how = "virt-qemu prune --help", .act = prune };

  return vq_instance_request_run (&verb, arguments);
}
