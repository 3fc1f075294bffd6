// SPDX-License-Identifier: GPL-2.0-or-later
#include "client/verb-list.h"

#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"
#include "base/units.h"
#include "instance/control-client.h"
#include "instance/control-text.h"
#include "instance/instance-place.h"
#include "instance/instance-reason.h"
#include "instance/instance-socket.h"
#include "client/instance-request.h"
#include "io/workdir.h"
#include "verb/verb-output.h"

static const char list_help[] = "Usage: virt-qemu list [OPTION...]\n"
                                "\n"
                                "Shows all instances.\n"
                                "\n"
                                "      --format=FORMAT    table, json or names (default: table)\n"
                                "  -h, --help             show this text and exit\n";

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

/* An instance, and what its supervisor says. */
typedef struct
{
  VqInstance *instance;
  char **status; /* NAME=VALUE; empty if it does not run */
} Row;

static void
row_clear (Row *row)
{
  g_clear_pointer (&row->instance, vq_instance_free);
  g_clear_pointer (&row->status, g_strfreev);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Row, row_clear)

static gboolean
row_read (Row *row, VqPrivateDir *place, const char *name, GError **error)
{
  const char *const words[] = { "status", NULL };

  row->instance = vq_instance_open (place, name, error);
  if (row->instance == NULL)
    return FALSE;
  if (vq_instance_is_running (row->instance))
    row->status = vq_control_client_call (row->instance, words, NULL, NULL);
  if (row->status == NULL)
    row->status = g_new0 (char *, 1);
  return TRUE;
}

/* NULL if the supervisor does not say. */
static const char *
get_status (const Row *row, const char *name)
{
  return vq_control_text_find ((const char *const *)row->status, name);
}

/* While a supervisor starts or ends, it may not answer. */
static const char *
get_state (const Row *row)
{
  const char *state = get_status (row, "state");

  if (state != NULL)
    return state;
  return vq_instance_is_running (row->instance) ? "starting" : "stopped";
}

static guint64
get_disk_bytes (const Row *row)
{
  return vq_private_dir_get_allocated (vq_instance_get_dir (row->instance));
}

static void
print_row (const Row *row)
{
  const VqInstanceRecord *record = vq_instance_get_record (row->instance);
  g_autofree char *image = vq_text_printable (record->image, strlen (record->image), G_MAXSIZE);
  g_autofree char *age
      = vq_units_age_to_string ((g_get_real_time () - record->created) / G_USEC_PER_SEC);
  g_autofree char *size = vq_units_size_to_string (get_disk_bytes (row));

  vq_verb_output_text ("%-20s  %-8s  %-7s  %-9s  %s\n", vq_instance_get_name (row->instance),
                       get_state (row), age, size, image);
}

static void
add_row (JsonBuilder *builder, const Row *row)
{
  const VqInstanceRecord *record = vq_instance_get_record (row->instance);
  const char *pid = get_status (row, "pid");
  const char *work = get_status (row, "work");
  const char *lease = get_status (row, "lease_until");
  gint64 lease_until = lease != NULL ? g_ascii_strtoll (lease, NULL, 10) : 0;
  g_autofree char *reason = vq_instance_is_running (row->instance)
                                ? NULL
                                : vq_instance_reason_read (vq_instance_get_dir (row->instance));
  g_autofree char *sockets = vq_instance_socket_build_path (row->instance, "", NULL);

  json_builder_begin_object (builder);
  vq_verb_output_add_string (builder, "name", vq_instance_get_name (row->instance));
  vq_verb_output_add_string (builder, "state", get_state (row));
  vq_verb_output_add_string (builder, "reason", reason);
  vq_verb_output_add_string (builder, "work", work != NULL && work[0] != '\0' ? work : NULL);
  vq_verb_output_add_string (builder, "host", g_get_host_name ());
  vq_verb_output_add_string (builder, "image", record->image);
  vq_verb_output_add_time (builder, "created", record->created);
  vq_verb_output_add_string (builder, "machine_id",
                             record->machine_id[0] != '\0' ? record->machine_id : NULL);
  json_builder_set_member_name (builder, "ephemeral");
  json_builder_add_boolean_value (builder, record->ephemeral);
  if (lease_until > 0)
    vq_verb_output_add_time (builder, "lease_until", lease_until);
  else
    vq_verb_output_add_string (builder, "lease_until", NULL);
  vq_verb_output_add_int (builder, "disk", get_disk_bytes (row));
  vq_verb_output_add_size (builder, "pid", pid != NULL ? g_ascii_strtoll (pid, NULL, 10) : -1);
  vq_verb_output_add_string (builder, "sockets", sockets);
  json_builder_end_object (builder);
}

static void
print_facts (const Row *row)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autoptr (JsonNode) node = NULL;
  JsonObjectIter iter;
  const char *name;
  JsonNode *value;

  add_row (builder, row);
  node = json_builder_get_root (builder);
  json_object_iter_init_ordered (&iter, json_node_get_object (node));
  while (json_object_iter_next_ordered (&iter, &name, &value))
    {
      g_autofree char *text = json_to_string (value, FALSE);

      vq_verb_output_text ("%-11s %s\n", name, text);
    }
}

/* An instance that was removed meanwhile is left out; one that is damaged is reported. */
static void
show_one (VqPrivateDir *place, const char *name, const VqInstanceRequest *request,
          JsonBuilder *builder)
{
  g_autoptr (GError) error = NULL;
  g_auto (Row) row = { 0 };

  if (!row_read (&row, place, name, &error))
    {
      if (!vq_error_is_missing (error))
        g_warning ("%s", error->message);
    }
  else if (request->json)
    add_row (builder, &row);
  else if (request->bare)
    vq_verb_output_text ("%s\n", name);
  else
    print_row (&row);
}

static gboolean
show_all (const VqInstanceRequest *request, GError **error)
{
  g_autoptr (VqPrivateDir) place = vq_instance_place_open_state (error);
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_auto (GStrv) names = NULL;

  if (place == NULL)
    return FALSE;
  g_strfreev (vq_instance_sweep (place));
  names = vq_instance_list (place, error);
  if (names == NULL)
    return FALSE;
  if (!request->json && !request->bare && names[0] != NULL)
    vq_verb_output_text ("%-20s  %-8s  %-7s  %-9s  %s\n", "NAME", "STATE", "AGE", "DISK", "IMAGE");
  json_builder_begin_array (builder);
  for (char **name = names; *name != NULL; name++)
    show_one (place, *name, request, builder);
  json_builder_end_array (builder);
  if (request->json)
    vq_verb_output_json (builder);
  return TRUE;
}

static gboolean
show_info (const VqInstanceRequest *request, GError **error)
{
  g_autoptr (VqPrivateDir) place = vq_instance_place_open_state (error);
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_auto (Row) row = { 0 };

  if (place == NULL || !row_read (&row, place, request->names[0], error))
    return FALSE;
  if (!request->json)
    {
      print_facts (&row);
      return TRUE;
    }
  add_row (builder, &row);
  vq_verb_output_json (builder);
  return TRUE;
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

static VqVerbStatus
run (const char *const *arguments, guint n_names, const char *help, const char *how,
     gboolean (*show) (const VqInstanceRequest *request, GError **error))
{
  g_autoptr (GError) error = NULL;
  g_auto (VqInstanceRequest) request = { 0 };

  if (!vq_instance_request_parse (&request, arguments, 0, n_names, n_names, &error))
    return vq_verb_error_report (error, how, request.json);
  if (request.help)
    vq_verb_output_text ("%s", help);
  else if (!show (&request, &error))
    return vq_verb_error_report (error, how, request.json);
  return VQ_VERB_OK;
}

VqVerbStatus
vq_verb_list_run (const char *const *arguments)
{
  return run (arguments, 0, list_help, "virt-qemu list --help", show_all);
}

VqVerbStatus
vq_verb_list_info (const char *const *arguments)
{
  return run (arguments, 1, info_help, "virt-qemu info --help", show_info);
}

VqVerbStatus
vq_verb_list_prune (const char *const *arguments)
{
  return run (arguments, 0, prune_help, "virt-qemu prune --help", prune);
}
