// SPDX-License-Identifier: GPL-2.0-or-later
#include "list/instance-row.h"

#include "instance/control-client.h"
#include "instance/control-text.h"
#include "instance/instance-host-key.h"
#include "instance/instance-reason.h"
#include "instance/instance-socket.h"
#include "verb/verb-output.h"

/* An instance, and what its supervisor says. */
typedef struct
{
  VqInstance *instance;
  gboolean runs;
  char **status; /* NAME=VALUE; empty if it does not run */
} Source;

static void
source_clear (Source *source)
{
  g_clear_pointer (&source->instance, vq_instance_free);
  g_clear_pointer (&source->status, g_strfreev);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Source, source_clear)

static gboolean
source_read (Source *source, VqPrivateDir *place, const char *name, GError **error)
{
  const char *const words[] = { "status", NULL };

  source->instance = vq_instance_open (place, name, error);
  if (source->instance == NULL)
    return FALSE;
  source->runs = vq_instance_is_running (source->instance);
  if (source->runs)
    source->status = vq_control_client_call (source->instance, words, NULL, NULL);
  if (source->status == NULL)
    source->status = g_new0 (char *, 1);
  return TRUE;
}

/* NULL if the supervisor does not say. */
static const char *
get_status (const Source *source, const char *name)
{
  return vq_control_text_find ((const char *const *)source->status, name);
}

/* While a supervisor starts or ends, it may not answer. */
static const char *
get_state (const Source *source)
{
  const char *state = get_status (source, "state");

  return state != NULL ? state : source->runs ? "starting" : "stopped";
}

static const char *
or_null (const char *text)
{
  return text != NULL && text[0] != '\0' ? text : NULL;
}

static void
add_bool (JsonBuilder *builder, const char *name, gboolean value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_boolean_value (builder, value);
}

static void
add_time (JsonBuilder *builder, const char *name, gint64 time)
{
  if (time > 0)
    vq_verb_output_add_time (builder, name, time);
  else
    vq_verb_output_add_string (builder, name, NULL);
}

static void
add_state (JsonBuilder *builder, const Source *source)
{
  g_autofree char *reason
      = source->runs ? NULL : vq_instance_reason_read (vq_instance_get_dir (source->instance));

  vq_verb_output_add_string (builder, "name", vq_instance_get_name (source->instance));
  vq_verb_output_add_string (builder, "state", get_state (source));
  vq_verb_output_add_string (builder, "reason", reason);
  vq_verb_output_add_string (builder, "work", or_null (get_status (source, "work")));
}

static void
add_machine (JsonBuilder *builder, const Source *source)
{
  const VqInstanceRecord *record = vq_instance_get_record (source->instance);
  g_autofree char *host_key = vq_instance_host_key_read (vq_instance_get_dir (source->instance));

  vq_verb_output_add_string (builder, "host", g_get_host_name ());
  vq_verb_output_add_string (builder, "image", record->image);
  vq_verb_output_add_string (builder, "os_type", or_null (record->os_type));
  vq_verb_output_add_string (builder, "os_version", or_null (record->os_version));
  vq_verb_output_add_time (builder, "created", record->created);
  vq_verb_output_add_string (builder, "machine_id", or_null (record->machine_id));
  vq_verb_output_add_string (builder, "host_key", host_key);
  add_bool (builder, "ephemeral", record->ephemeral);
}

static void
add_lock (JsonBuilder *builder, const Source *source)
{
  const VqInstanceRecord *record = vq_instance_get_record (source->instance);

  add_bool (builder, "locked", record->locked > 0);
  add_time (builder, "locked_since", record->locked);
  vq_verb_output_add_string (builder, "owner", or_null (record->owner));
  vq_verb_output_add_string (builder, "description", or_null (record->description));
  vq_verb_output_add_string (builder, "machine_type", or_null (record->machine_type));
  vq_verb_output_add_string (builder, "status", record->down ? "down" : "up");
}

static void
add_process (JsonBuilder *builder, const Source *source)
{
  const char *pid = get_status (source, "pid");
  const char *lease = get_status (source, "lease_until");
  g_autofree char *sockets = vq_instance_socket_build_path (source->instance, "", NULL);

  add_time (builder, "lease_until", lease != NULL ? g_ascii_strtoll (lease, NULL, 10) : 0);
  vq_verb_output_add_int (builder, "disk",
                          vq_private_dir_get_allocated (vq_instance_get_dir (source->instance)));
  vq_verb_output_add_size (builder, "pid", pid != NULL ? g_ascii_strtoll (pid, NULL, 10) : -1);
  vq_verb_output_add_string (builder, "sockets", sockets);
}

JsonNode *
vq_instance_row_read (VqPrivateDir *place, const char *name, GError **error)
{
  g_auto (Source) source = { 0 };
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  if (!source_read (&source, place, name, error))
    return NULL;
  json_builder_begin_object (builder);
  add_state (builder, &source);
  add_machine (builder, &source);
  add_lock (builder, &source);
  add_process (builder, &source);
  json_builder_end_object (builder);
  return json_builder_get_root (builder);
}

const char *
vq_instance_row_get_text (JsonObject *row, const char *member)
{
  return json_object_get_string_member_with_default (row, member, NULL);
}
