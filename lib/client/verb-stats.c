// SPDX-License-Identifier: GPL-2.0-or-later
#include "client/verb-stats.h"

#include <sys/statvfs.h>
#include <unistd.h>

#include "base/error.h"
#include "base/units.h"
#include "instance/control-client.h"
#include "instance/control-text.h"
#include "instance/instance-place.h"
#include "client/instance-request.h"
#include "verb/verb-output.h"

#define HELP "virt-qemu stats --help"

/* A supervisor answers at once; if it does not, what it knows is left out. */
#define ANSWER_SECONDS 2

static const char help[]
    = "Usage: virt-qemu stats [OPTION...] NAME\n"
      "\n"
      "Shows what an instance takes of the host, in bytes: the most disk_space and\n"
      "memory since it was started (network_received and network_sent are not known, as\n"
      "QEMU does not count them). Then what the host has in all: available_disk_space\n"
      "where instances are kept, available_memory, and cpu_count.\n"
      "\n"
      "      --format=FORMAT    table or json (default: table)\n"
      "  -h, --help             show this text and exit\n";

/* Scripts rely on these names, which debusine has for the same things. */
enum
{
  DISK_SPACE,
  MEMORY,
  NETWORK_RECEIVED,
  NETWORK_SENT,
  AVAILABLE_DISK_SPACE,
  AVAILABLE_MEMORY,
  CPU_COUNT,
  N_VALUES,
};

static const char *const names[] = {
  [DISK_SPACE] = "disk_space",
  [MEMORY] = "memory",
  [NETWORK_RECEIVED] = "network_received",
  [NETWORK_SENT] = "network_sent",
  [AVAILABLE_DISK_SPACE] = "available_disk_space",
  [AVAILABLE_MEMORY] = "available_memory",
  [CPU_COUNT] = "cpu_count",
};

static gboolean
give_up (gpointer cancel)
{
  g_autoptr (GError) reason = g_error_new (VQ_ERROR, VQ_ERROR_TIMEOUT, "it does not answer");

  vq_cancel_trigger (cancel, reason);
  return G_SOURCE_CONTINUE;
}

/* What the supervisor says; NULL if it says nothing. */
static char **
ask (VqInstance *instance)
{
  static const char *const words[] = { "stats", NULL };
  g_autoptr (VqCancel) cancel = vq_cancel_new (NULL);
  guint id = g_timeout_add_seconds (ANSWER_SECONDS, give_up, cancel);
  char **reply = vq_control_client_call (instance, words, cancel, NULL);

  g_source_remove (id);
  return reply;
}

/* -1 if WORDS do not tell. */
static gint64
get (const char *const *words, const char *name)
{
  const char *value = vq_control_text_find (words, name);

  return value != NULL ? g_ascii_strtoll (value, NULL, 10) : -1;
}

static void
look_at_instance (VqInstance *instance, gint64 *values)
{
  g_auto (GStrv) reply = vq_instance_is_running (instance) ? ask (instance) : NULL;
  const char *const *words = (const char *const[]){ NULL };

  if (reply != NULL)
    words = (const char *const *)reply;
  values[DISK_SPACE] = get (words, names[DISK_SPACE]);
  values[MEMORY] = get (words, names[MEMORY]);
  if (values[DISK_SPACE] < 0)
    values[DISK_SPACE] = vq_private_dir_get_allocated (vq_instance_get_dir (instance));
}

/* As debusine, "available" means all that there is, whether it is used or not. */
static void
look_at_host (VqPrivateDir *place, gint64 *values)
{
  struct statvfs st;

  if (fstatvfs (vq_private_dir_get_fd (place), &st) == 0)
    values[AVAILABLE_DISK_SPACE] = (gint64)st.f_blocks * st.f_frsize;
  values[AVAILABLE_MEMORY] = (gint64)sysconf (_SC_PHYS_PAGES) * sysconf (_SC_PAGESIZE);
  values[CPU_COUNT] = sysconf (_SC_NPROCESSORS_ONLN);
}

static void
print_json (const gint64 *values)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  json_builder_begin_object (builder);
  for (guint i = 0; i < N_VALUES; i++)
    vq_verb_output_add_size (builder, names[i], values[i]);
  json_builder_end_object (builder);
  vq_verb_output_json (builder);
}

static void
print_table (const gint64 *values)
{
  for (guint i = 0; i < N_VALUES; i++)
    {
      g_autofree char *text = NULL;

      if (values[i] < 0)
        text = g_strdup ("unknown");
      else if (i == CPU_COUNT)
        text = g_strdup_printf ("%" G_GINT64_FORMAT, values[i]);
      else
        text = vq_units_size_to_string (values[i]);
      vq_verb_output_text ("%-20s  %s\n", names[i], text);
    }
}

static gboolean
show (const VqInstanceRequest *request, GError **error)
{
  g_autoptr (VqPrivateDir) place = vq_instance_place_open_state (error);
  g_autoptr (VqInstance) instance
      = place != NULL ? vq_instance_open (place, request->names[0], error) : NULL;
  gint64 values[N_VALUES] = { -1, -1, -1, -1, -1, -1, -1 };

  if (instance == NULL)
    return FALSE;
  look_at_instance (instance, values);
  look_at_host (place, values);
  if (request->json)
    print_json (values);
  else
    print_table (values);
  return TRUE;
}

VqVerbStatus
vq_verb_stats_run (const char *const *arguments)
{
  static const VqInstanceRequestVerb verb
      = { .min_names = 1, .max_names = 1, .help = help, .how = HELP, .act = show };

  return vq_instance_request_run (&verb, arguments);
}
