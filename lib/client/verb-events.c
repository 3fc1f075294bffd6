// SPDX-License-Identifier: GPL-2.0-or-later
#include "client/verb-events.h"

#include <string.h>

#include "base/arguments.h"
#include "base/error.h"
#include "base/units.h"
#include "base/wait.h"
#include "client/event-watch.h"
#include "instance/instance-name.h"
#include "instance/instance-place.h"
#include "instance/instance.h"
#include "verb/verb-output.h"
#include "verb/verb-reader.h"

#define HELP "virt-qemu events --help"

enum
{
  OPTION_FORMAT,
  OPTION_SINCE,
  OPTION_UNTIL,
  OPTION_HELP,
};

static const VqArgument arguments_table[] = {
  [OPTION_FORMAT] = { "format", 0, TRUE },
  [OPTION_SINCE] = { "since", 0, TRUE },
  [OPTION_UNTIL] = { "until", 0, TRUE },
  [OPTION_HELP] = { "help", 'h', FALSE },
  { NULL },
};

static const char help[]
    = "Usage: virt-qemu events [OPTION...] [NAME]\n"
      "\n"
      "Prints a line whenever something happens to an instance: created, started, ready,\n"
      "restarted, reverted, forked, stopped, deleted. Ends when it is interrupted.\n"
      "\n"
      "      --since=TIME       print what happened in this time before, too, as 90s, 15m,\n"
      "                         2h or 1d; the last thousands of events are kept\n"
      "      --until=EVENT      end after this event, for example stopped\n"
      "      --format=FORMAT    text, or json: an object on each line (default: text)\n"
      "  -h, --help             show this text and exit\n";

typedef struct
{
  const char *name; /* only of this one; NULL: of all */
  gboolean json;
  gboolean help;
  gint64 since;      /* microseconds of real time */
  const char *until; /* after which event we end; NULL: after none */
  gboolean over;
  VqVerbReader *reader;
} Events;

static void
print_json (const VqInstanceEvent *event)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  json_builder_begin_object (builder);
  vq_verb_output_add_time (builder, "time", event->time);
  vq_verb_output_add_string (builder, "name", event->name);
  vq_verb_output_add_string (builder, "event", event->what);
  vq_verb_output_add_string (builder, "detail", event->detail);
  json_builder_end_object (builder);
  vq_verb_output_json_line (builder);
}

static void
show (const VqInstanceEvent *event, gpointer data)
{
  Events *self = data;
  g_autofree char *time = vq_verb_output_format_time (event->time);

  if (event->time < self->since || self->over
      || (self->name != NULL && strcmp (self->name, event->name) != 0))
    return;
  if (self->json)
    print_json (event);
  else
    vq_verb_output_text ("%s  %-20s  %s%s%s\n", time, event->name, event->what,
                         event->detail != NULL ? ": " : "",
                         event->detail != NULL ? event->detail : "");
  self->over = g_strcmp0 (self->until, event->what) == 0;
  vq_verb_reader_flush (self->reader);
}

static gboolean
is_over (gpointer data)
{
  return ((Events *)data)->over;
}

static gboolean
apply_until (Events *self, const char *value, GError **error)
{
  static const char *const events[] = { "created", "started", "ready",   "restarted", "reverted",
                                        "forked",  "stopped", "deleted", NULL };

  self->until = value;
  return g_strv_contains (events, value)
         || vq_error_set (error, VQ_ERROR_USAGE, "there is no event \"%s\"", value);
}

static gboolean
apply_option (gpointer data, int index, const char *value, GError **error)
{
  Events *self = data;
  guint64 seconds;

  switch (index)
    {
    case OPTION_FORMAT:
      return vq_verb_output_read_format (value, "text", &self->json, error);
    case OPTION_SINCE:
      if (!vq_units_parse_age (value, &seconds, error))
        return FALSE;
      self->since -= seconds * G_USEC_PER_SEC;
      return TRUE;
    case OPTION_UNTIL:
      return apply_until (self, value, error);
    default:
      self->help = TRUE;
      return TRUE;
    }
}

static gboolean
apply_positional (gpointer data, const char *value, GError **error)
{
  Events *self = data;

  if (self->name != NULL)
    return vq_error_set (error, VQ_ERROR_USAGE, "\"%s\" is one name too many", value);
  self->name = value;
  return vq_instance_name_check (value, error);
}

/* It may be made later. */
static void
tell_if_missing (const char *name)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VqPrivateDir) place = vq_instance_place_open_state (&error);
  g_autoptr (VqInstance) instance = place != NULL ? vq_instance_open (place, name, &error) : NULL;

  if (instance == NULL && vq_error_is_missing (error))
    g_message ("there is no instance \"%s\" now: waiting for what happens to one", name);
}

static gboolean
follow (Events *self, GError **error)
{
  g_autoptr (VqCancel) cancel = vq_cancel_new (NULL);
  g_autoptr (VqVerbReader) reader = vq_verb_reader_new (cancel);
  g_autoptr (VqEventWatch) watch = NULL;

  self->reader = reader;
  watch = vq_event_watch_new (show, self, error);
  if (watch != NULL && self->name != NULL && !self->over)
    tell_if_missing (self->name);
  return watch != NULL
         && vq_wait_until (is_over, self, vq_deadline_in (G_MAXDOUBLE), cancel, "event", error);
}

static gboolean
run (Events *self, VqArguments *parser, GError **error)
{
  static const VqArgumentsTaker taker = { apply_option, apply_positional };

  if (parser == NULL || !vq_arguments_take_all (parser, &taker, self, &self->help, error))
    return FALSE;
  if (!self->help)
    return follow (self, error);
  vq_verb_output_text ("%s", help);
  return TRUE;
}

VqVerbStatus
vq_verb_events_run (const char *const *arguments)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (VqArguments) parser = vq_arguments_new (arguments_table, arguments, &error);
  Events self = { .since = g_get_real_time () };

  if (run (&self, parser, &error))
    return VQ_VERB_OK;
  return vq_verb_error_report (error, HELP, vq_verb_error_wants_json (arguments));
}
