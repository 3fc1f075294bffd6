// SPDX-License-Identifier: GPL-2.0-or-later
#include "testbed/server-stats.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "io/new-file.h"
#include "io/user-stderr.h"
#include "testbed/stats-table.h"

/* How often the file is written. */
#define PERIOD_SECONDS 5

/* Of the format. Members may be added in the same version. */
#define VERSION 1

/* The requests that take time, in the order in which the file has them. */
static const VqCommandId phases[] = {
  VQ_COMMAND_OPEN,   VQ_COMMAND_REVERT, VQ_COMMAND_REBOOT, VQ_COMMAND_COPYDOWN,
  VQ_COMMAND_COPYUP, VQ_COMMAND_SHELL,  VQ_COMMAND_CLOSE,
};

typedef struct
{
  guint count;
  gint64 time; /* in microseconds */
} Phase;

struct _VqServerStats
{
  char *path; /* NULL: no file */
  gboolean shows_table;
  char *image;
  VqServed *served;
  char *started;
  Phase done[G_N_ELEMENTS (phases)];
  int current; /* the index of the phase that is going on; -1: none */
  gint64 begun;
  guint timer_id; /* 0: nothing goes on */
  gboolean warned;
};

/* In RFC 3339. Transfer full. */
static char *
get_time (void)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();

  return g_date_time_format_iso8601 (now);
}

static void
add_int (JsonBuilder *builder, const char *name, guint64 value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_int_value (builder, value);
}

/* TEXT may be NULL. */
static void
add_string (JsonBuilder *builder, const char *name, const char *text)
{
  json_builder_set_member_name (builder, name);
  if (text != NULL)
    json_builder_add_string_value (builder, text);
  else
    json_builder_add_null_value (builder);
}

/* A phase that is going on counts as far as it has come. */
static void
add_phases (JsonBuilder *builder, const VqServerStats *stats)
{
  json_builder_set_member_name (builder, "phases");
  json_builder_begin_object (builder);
  for (int i = 0; i < (int)G_N_ELEMENTS (phases); i++)
    {
      gboolean is_current = i == stats->current;
      gint64 more = is_current ? g_get_monotonic_time () - stats->begun : 0;

      json_builder_set_member_name (builder, vq_protocol_get_name (phases[i]));
      json_builder_begin_object (builder);
      add_int (builder, "count", stats->done[i].count + is_current);
      json_builder_set_member_name (builder, "seconds");
      json_builder_add_double_value (builder,
                                     (stats->done[i].time + more) / (double)G_USEC_PER_SEC);
      json_builder_end_object (builder);
    }
  json_builder_end_object (builder);
}

static JsonNode *
build (const VqServerStats *stats)
{
  const VqServedUsage *usage = &stats->served->usage;
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autofree char *now = get_time ();

  stats->served->class->look (stats->served);
  json_builder_begin_object (builder);
  add_int (builder, "version", VERSION);
  add_string (builder, "image", stats->image);
  add_string (builder, "started", stats->started);
  add_string (builder, "updated", now);
  add_string (builder, "phase",
              stats->current >= 0 ? vq_protocol_get_name (phases[stats->current]) : NULL);
  add_string (builder, "opened", usage->origin);
  add_phases (builder, stats);
  add_int (builder, "commands", usage->n_commands);
  add_int (builder, "copied_down", usage->copied_down);
  add_int (builder, "copied_up", usage->copied_up);
  add_int (builder, "memory", usage->memory);
  add_int (builder, "disk_space", usage->disk_space);
  json_builder_end_object (builder);
  return json_builder_get_root (builder);
}

static gboolean
write_file (VqServerStats *stats, GError **error)
{
  g_autoptr (JsonNode) node = build (stats);
  g_autofree char *json = json_to_string (node, TRUE);
  g_autofree char *text = g_strconcat (json, "\n", NULL);
  VQ_ERROR_PREFIX (error, "--stats-file");

  return vq_new_file_write (stats->path, 0, text, strlen (text), error);
}

static void
update (VqServerStats *stats)
{
  g_autoptr (GError) error = NULL;

  if (stats->path == NULL)
    stats->served->class->look (stats->served);
  if (stats->path == NULL || write_file (stats, &error))
    return;
  if (!stats->warned)
    g_warning ("%s", error->message);
  stats->warned = TRUE;
}

static gboolean
on_timer (gpointer data)
{
  update (data);
  return G_SOURCE_CONTINUE;
}

static void
show_table (const VqServerStats *stats)
{
  VqStatsTableRow rows[G_N_ELEMENTS (phases)];
  g_autofree char *text = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (phases); i++)
    rows[i] = (VqStatsTableRow){ vq_protocol_get_name (phases[i]), stats->done[i].count,
                                 stats->done[i].time };
  text = vq_stats_table_build (rows, G_N_ELEMENTS (rows), &stats->served->usage);
  vq_user_stderr_write (text, strlen (text));
}

VqServerStats *
vq_server_stats_new (const VqOptions *options, VqServed *served, GError **error)
{
  g_autoptr (VqServerStats) stats = g_new0 (VqServerStats, 1);

  stats->image = g_strdup (options->images[0]);
  stats->served = served;
  stats->started = get_time ();
  stats->current = -1;
  stats->path = g_strdup (options->stats_file);
  stats->shows_table = options->stats;
  if (stats->path == NULL || write_file (stats, error))
    return g_steal_pointer (&stats);
  stats->warned = TRUE;
  stats->shows_table = FALSE;
  return NULL;
}

void
vq_server_stats_free (VqServerStats *stats)
{
  if (stats == NULL)
    return;
  g_clear_handle_id (&stats->timer_id, g_source_remove);
  update (stats);
  if (stats->shows_table)
    show_table (stats);
  g_free (stats->path);
  g_free (stats->image);
  g_free (stats->started);
  g_free (stats);
}

static int
find_phase (VqCommandId command)
{
  for (int i = 0; i < (int)G_N_ELEMENTS (phases); i++)
    if (phases[i] == command)
      return i;
  return -1;
}

void
vq_server_stats_begin (VqServerStats *stats, VqCommandId command)
{
  if (stats == NULL)
    return;
  if (command == VQ_COMMAND_QUIT && stats->served->class->is_open (stats->served))
    command = VQ_COMMAND_CLOSE;
  stats->current = find_phase (command);
  stats->begun = g_get_monotonic_time ();
  if (stats->timer_id == 0)
    stats->timer_id = g_timeout_add_seconds (PERIOD_SECONDS, on_timer, stats);
}

void
vq_server_stats_end (VqServerStats *stats)
{
  if (stats == NULL)
    return;
  if (stats->current >= 0)
    {
      stats->done[stats->current].count++;
      stats->done[stats->current].time += g_get_monotonic_time () - stats->begun;
      stats->current = -1;
      update (stats);
    }
  if (!stats->served->class->is_open (stats->served))
    g_clear_handle_id (&stats->timer_id, g_source_remove);
}
