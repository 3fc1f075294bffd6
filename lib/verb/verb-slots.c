// SPDX-License-Identifier: GPL-2.0-or-later
#include "verb/verb-slots.h"

#include <string.h>

#include "base/arguments.h"
#include "base/error.h"
#include "base/text.h"
#include "base/units.h"
#include "slot/slot.h"
#include "verb/verb-output.h"

#define NAME "virt-qemu slots"
#define SHOWN_MAX 60

enum
{
  OPTION_FORMAT,
  OPTION_HELP,
};

static const VqArgument arguments_table[] = {
  [OPTION_FORMAT] = { "format", 0, TRUE },
  [OPTION_HELP] = { "help", 'h', FALSE },
  { NULL },
};

static const char help[]
    = "Usage: " NAME " [OPTION...]\n"
      "\n"
      "Lists the slots of this host, which slots.conf defines, and who has them. A\n"
      "machine needs one if it is started with --slot=TYPE.\n"
      "\n"
      "      --format=FORMAT  table, json or names: those of the types (default: table)\n"
      "  -h, --help           show this text and exit\n";

typedef struct
{
  VqVerbListFormat format;
  gboolean help; /* print the help and ignore the rest */
} Request;

static gboolean
apply_option (gpointer data, int index, const char *value, GError **error)
{
  Request *request = data;

  request->help |= index == OPTION_HELP;
  return index != OPTION_FORMAT || vq_verb_output_read_list_format (value, &request->format, error);
}

/* TEXT, or "-" for nothing. Transfer full. */
static char *
show (const char *text)
{
  return text[0] != '\0' ? vq_text_printable (text, strlen (text), SHOWN_MAX) : g_strdup ("-");
}

static char *
show_since (const VqSlotHolder *holder)
{
  gint64 seconds = (g_get_real_time () - holder->since) / G_USEC_PER_SEC;

  return vq_units_age_to_string (MAX (seconds, 0));
}

#define ROW "%-16s  %-4s  %-7s  %-7s  %-10s  %-16s  %-12s  %s\n"

static void
print_holder (const char *type, const char *number, const VqSlotHolder *holder)
{
  g_autofree char *pid = g_strdup_printf ("%" G_GINT64_FORMAT, holder->pid);
  g_autofree char *since = show_since (holder);
  g_autofree char *user = show (holder->user);
  g_autofree char *instance = show (holder->instance);
  g_autofree char *owner = show (holder->owner);
  g_autofree char *description = show (holder->description);

  vq_verb_output_text (ROW, type, number, since, pid, user, instance, owner, description);
}

static void
print_row (const VqSlotType *type, const VqSlotState *state)
{
  g_autofree char *number = g_strdup_printf ("%u", state->number);

  if (state->is_held && state->holder != NULL)
    print_holder (type->name, number, state->holder);
  else
    vq_verb_output_text (ROW, type->name, number, state->is_held ? "taken" : "free", "-", "-", "-",
                         "-", "-");
}

/* What is 0 or "" was not said. */
static void
add_size (JsonBuilder *builder, const char *name, guint64 size)
{
  vq_verb_output_add_size (builder, name, size > 0 ? (gint64)size : -1);
}

static void
add_text (JsonBuilder *builder, const char *name, const char *text)
{
  vq_verb_output_add_string (builder, name, text != NULL && text[0] != '\0' ? text : NULL);
}

static void
add_time (JsonBuilder *builder, const char *name, gint64 time)
{
  if (time != 0)
    vq_verb_output_add_time (builder, name, time);
  else
    vq_verb_output_add_string (builder, name, NULL);
}

static void
add_slot (JsonBuilder *builder, const VqSlotState *state)
{
  static const VqSlotHolder nobody = { 0 };
  const VqSlotHolder *holder = state->holder != NULL ? state->holder : &nobody;

  json_builder_begin_object (builder);
  vq_verb_output_add_int (builder, "slot", state->number);
  vq_verb_output_add_string (builder, "state", state->is_held ? "taken" : "free");
  add_size (builder, "pid", holder->pid);
  add_text (builder, "user", holder->user);
  add_time (builder, "since", holder->since);
  add_text (builder, "instance", holder->instance);
  add_text (builder, "owner", holder->owner);
  add_text (builder, "description", holder->description);
  add_time (builder, "lease_until", holder->lease_end);
  json_builder_end_object (builder);
}

static void
add_type (JsonBuilder *builder, const VqSlotType *type, GPtrArray *states, guint n_waiting)
{
  json_builder_begin_object (builder);
  vq_verb_output_add_string (builder, "type", type->name);
  vq_verb_output_add_int (builder, "count", type->count);
  vq_verb_output_add_int (builder, "waiting", n_waiting);
  add_size (builder, "cpus", type->cpus);
  add_size (builder, "memory", (guint64)type->memory_mib << 20);
  add_size (builder, "disk", type->disk);
  vq_verb_output_add_int (builder, "extra_disks", type->n_extra_disks);
  add_size (builder, "extra_disk_size", type->extra_disk_size);
  json_builder_set_member_name (builder, "slots");
  json_builder_begin_array (builder);
  for (guint i = 0; i < states->len; i++)
    add_slot (builder, states->pdata[i]);
  json_builder_end_array (builder);
  json_builder_end_object (builder);
}

static gboolean
print_type (const VqSlotType *type, VqVerbListFormat format, JsonBuilder *builder, GError **error)
{
  VQ_ERROR_PREFIX (error, "the slots of \"%s\"", type->name);
  guint n_waiting;
  g_autoptr (GPtrArray) states = vq_slot_list (type, &n_waiting, NULL, error);

  if (states == NULL)
    return FALSE;
  if (format == VQ_VERB_LIST_JSON)
    add_type (builder, type, states, n_waiting);
  for (guint i = 0; format == VQ_VERB_LIST_TABLE && i < states->len; i++)
    print_row (type, states->pdata[i]);
  if (format == VQ_VERB_LIST_TABLE && n_waiting > 0)
    g_message ("%u wait for a slot of \"%s\"", n_waiting, type->name);
  return TRUE;
}

static gboolean
print (GPtrArray *types, VqVerbListFormat format, GError **error)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  json_builder_begin_array (builder);
  if (format == VQ_VERB_LIST_TABLE && types->len > 0)
    vq_verb_output_text (ROW, "TYPE", "SLOT", "SINCE", "PID", "USER", "INSTANCE", "OWNER",
                         "DESCRIPTION");
  for (guint i = 0; i < types->len; i++)
    {
      const VqSlotType *type = types->pdata[i];

      if (format == VQ_VERB_LIST_NAMES)
        vq_verb_output_text ("%s\n", type->name);
      else if (!print_type (type, format, builder, error))
        return FALSE;
    }
  json_builder_end_array (builder);
  if (format == VQ_VERB_LIST_JSON)
    vq_verb_output_json (builder);
  return TRUE;
}

static gboolean
run (const Request *request, GError **error)
{
  g_autoptr (GPtrArray) types = NULL;

  if (request->help)
    {
      vq_verb_output_text ("%s", help);
      return TRUE;
    }
  types = vq_slot_type_read_all (error);
  if (types == NULL)
    return FALSE;
  if (types->len == 0 && request->format == VQ_VERB_LIST_TABLE)
    g_message ("this host has no slots: /etc/virt-qemu/slots.conf would say which");
  return print (types, request->format, error);
}

VqVerbStatus
vq_verb_slots_run (const char *const *arguments)
{
  static const VqArgumentsTaker taker = { apply_option, NULL };
  g_autoptr (VqArguments) parser = vq_arguments_new_plain (arguments_table, arguments);
  g_autoptr (GError) error = NULL;
  Request request = { VQ_VERB_LIST_TABLE };

  if (vq_arguments_take_all (parser, &taker, &request, &request.help, &error)
      && run (&request, &error))
    return VQ_VERB_OK;
  return vq_verb_error_report (error, NAME " --help", vq_verb_error_wants_json (arguments));
}
