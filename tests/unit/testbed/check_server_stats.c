// SPDX-License-Identifier: GPL-2.0-or-later
/* Nothing is opened, so all numbers but the server's own stay 0; tests/guest looks at the rest. */
#include "testbed/server-stats.h"

#include <check.h>
#include <glib/gstdio.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/json.h"
#include "leaks.h"
#include "messages.h"
#include "suite.h"
#include "testbed/testbed.h"
#include "tree.h"

static char *directory;
static char *path;
static VqOptions options;
static VqPlan plan = { .options = &options };
static VqTestbed *testbed;

static void
set_up (void)
{
  leaks_begin ();
  messages_begin ();
  directory = g_dir_make_tmp ("vq-stats-XXXXXX", NULL);
  path = g_build_filename (directory, "stats", NULL);
  testbed = vq_testbed_new (&plan, "virt-qemu-exec", NULL, NULL);
}

static void
tear_down (void)
{
  g_clear_pointer (&testbed, vq_testbed_free);
  tree_remove (directory);
  g_clear_pointer (&directory, g_free);
  g_clear_pointer (&path, g_free);
  messages_end ();
  leaks_assert_none ();
}

CASE ("server-stats", set_up, tear_down, 60)

static JsonNode *
read_stats (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  JsonNode *node;
  gsize n;

  ck_assert (g_file_get_contents (path, &text, &n, NULL));
  node = vq_json_parse_object (text, n, &error);
  ck_assert_msg (node != NULL, "%s", error != NULL ? error->message : "");
  return node;
}

static JsonObject *
get_phase (JsonNode *stats, const char *name)
{
  JsonObject *phases = json_object_get_object_member (json_node_get_object (stats), "phases");

  return json_object_get_object_member (phases, name);
}

/* Of "/a.img", with the file FILE. */
static VqServerStats *
new_stats (char *file, GError **error)
{
  static char *images[] = { (char *)"/a.img", NULL };

  options.images = images;
  options.stats_file = file;
  return vq_server_stats_new (&options, vq_testbed_get_served (testbed), error);
}

/* All members are there before anything has happened. */
TEST (members)
{
  static const char *const names[]
      = { "version", "image",    "started",     "updated",   "phase",  "opened",
          "phases",  "commands", "copied_down", "copied_up", "memory", "disk_space" };
  static const char *const phases[]
      = { "open", "revert", "reboot", "copydown", "copyup", "shell", "close" };
  g_autoptr (VqServerStats) stats = new_stats (path, NULL);
  g_autoptr (JsonNode) node = read_stats ();
  g_autoptr (GDateTime) started = NULL;

  ck_assert_uint_eq (json_object_get_size (json_node_get_object (node)), G_N_ELEMENTS (names));
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    ck_assert (json_object_has_member (json_node_get_object (node), names[i]));
  for (gsize i = 0; i < G_N_ELEMENTS (phases); i++)
    ck_assert_int_eq (json_object_get_int_member (get_phase (node, phases[i]), "count"), 0);
  ck_assert_str_eq (json_object_get_string_member (json_node_get_object (node), "image"), "/a.img");
  started = g_date_time_new_from_iso8601 (
      json_object_get_string_member (json_node_get_object (node), "started"), NULL);
  ck_assert_ptr_nonnull (started);
}

static gboolean
never (gpointer data)
{
  return FALSE;
}

static void
pass (double seconds)
{
  ck_assert (!vq_wait_until (never, NULL, vq_deadline_in (seconds), NULL, "end", NULL));
}

/* The file is written while a request is handled, and when it is done. What `quit' does on a closed
 * testbed counts for nothing. */
TEST (phases)
{
  g_autoptr (VqServerStats) stats = new_stats (path, NULL);
  g_autoptr (JsonNode) during = NULL;
  g_autoptr (JsonNode) after = NULL;
  JsonObject *open;

  vq_server_stats_begin (stats, VQ_COMMAND_OPEN);
  pass (6.5);
  during = read_stats ();
  ck_assert_str_eq (json_object_get_string_member (json_node_get_object (during), "phase"), "open");
  open = get_phase (during, "open");
  ck_assert_int_eq (json_object_get_int_member (open, "count"), 1);
  ck_assert (json_object_get_double_member (open, "seconds") >= 4);
  vq_server_stats_end (stats);
  vq_server_stats_begin (stats, VQ_COMMAND_QUIT);
  vq_server_stats_end (stats);
  after = read_stats ();
  ck_assert (json_object_get_null_member (json_node_get_object (after), "phase"));
  ck_assert (json_object_get_double_member (get_phase (after, "open"), "seconds") >= 6.5);
  ck_assert_int_eq (json_object_get_int_member (get_phase (after, "open"), "count"), 1);
  ck_assert_int_eq (json_object_get_int_member (get_phase (after, "close"), "count"), 0);
}

TEST (cannot_be_written)
{
  g_autofree char *wrong = g_build_filename (directory, "no", "stats", NULL);
  g_autoptr (GError) error = NULL;
  VqServerStats *stats;

  ck_assert_ptr_null (new_stats (wrong, &error));
  ck_assert (g_str_has_prefix (error->message, "--stats-file: "));
  stats = new_stats (path, NULL);
  ck_assert_int_eq (g_unlink (path), 0);
  ck_assert_int_eq (g_mkdir (path, 0700), 0);
  vq_server_stats_begin (stats, VQ_COMMAND_OPEN);
  vq_server_stats_end (stats);
  vq_server_stats_free (stats);
  messages_assert_warning ("--stats-file: ");
}
