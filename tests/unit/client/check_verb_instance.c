// SPDX-License-Identifier: GPL-2.0-or-later
/* The verbs for instances, as people start them. The supervisor is not ours. */
#include "client/verb-instance.h"

#include <check.h>
#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "cli-run.h"
#include "instance-setup.h"
#include "instance/instance-host-key.h"
#include "instance/instance-reason.h"
#include "instance/instance-seed.h"
#include "suite.h"
#include "tree.h"

static pid_t supervisor;

static void
tear_down (void)
{
  if (supervisor > 0)
    {
      kill (supervisor, SIGKILL);
      waitpid (supervisor, NULL, 0);
    }
  supervisor = 0;
  cli_run_clear ();
  ck_assert_int_eq (chdir ("/"), 0);
  instance_teardown ();
}

/* We are where x.img is a raw disk with a boot sector. */
static void
set_up (void)
{
  char sector[1024] = { 0 };

  instance_setup ();
  ck_assert_int_eq (chdir (instance_directory), 0);
  sector[510] = 0x55;
  sector[511] = (char)0xaa;
  ck_assert (g_file_set_contents ("x.img", sector, sizeof sector, NULL));
}

/* The instance "web" runs. */
static void
have_running (gboolean ephemeral, const char *answer)
{
  instance_make ("web", ephemeral);
  supervisor = instance_fake_supervisor ("web", answer);
}

static void
await_supervisor (void)
{
  waitpid (supervisor, NULL, 0);
  supervisor = 0;
}

static void
assert_requests (const char *expected)
{
  g_autofree char *requests = instance_get_requests ();

  ck_assert_str_eq (requests, expected);
}

CASE ("verb-instance", set_up, tear_down, 30)

static const struct
{
  const char *line;
  int status;
  const char *said;
} failures[] = {
  { "start", 2, "which instance?" },
  { "stop", 2, "which instance?" },
  { "list web", 3, "no instance \"web\"" },
  { "info", 2, "which instance?" },
  { "info web", 3, "there is no instance \"web\"" },
  { "stats", 2, "which instance?" },
  { "console", 2, "which instance?" },
  { "console idle", 4, "the instance \"idle\" does not run" },
  { "screenshot", 2, "which instance?" },
  { "screenshot idle", 2, "which file?" },
  { "screenshot idle x.png", 4, "the instance \"idle\" does not run" },
  { "screenshot web x.png", 3, "there is no instance \"web\"" },
  { "logs web", 3, "there is no instance \"web\"" },
  { "list -f", 2, "-f" },
  { "prune web", 2, "one name too many" },
  { "stats web", 3, "there is no instance \"web\"" },
  { "stop web", 3, "there is no instance \"web\"" },
  { "delete --force web", 3, "there is no instance \"web\"" },
  { "revert ../web", 2, "cannot be the name" },
  { "stop --timeout=x web", 2, "--timeout" },
  { "stop --format=xml web", 2, "not table, json or names" },
  { "launch --format xml x.img web", 2, "not names or json" },
  { "wait --for=ever web", 2, "not ready or stopped" },
  { "list --format=xml", 2, "not table, json, names, brief, summary or targets" },
  { "list a_b", 2, "a_b" },
  { "fork idle", 2, "give another name after \"idle\"" },
  { "fork idle web two", 2, "one name too many" },
  { "fork idle web", 4, "the instance \"idle\" does not run" },
  { "fork web two", 3, "there is no instance \"web\"" },
  { "fork idle Two", 2, "cannot be the name" },
  { "fork --lease=soon idle two", 2, "option --lease" },
  { "fork --owner-pid=2147483647 idle two", 3, "no process 2147483647" },
  { "stop --ephemeral idle", 2, "does not have it" },
  { "renew", 2, "which instance?" },
  { "renew -t nosuch.yaml", 3, "nosuch.yaml" },
  { "stop -t x.img", 2, "unknown option -t" },
  { "renew idle", 4, "the instance \"idle\" does not run" },
  { "renew --lease=soon idle", 2, "option --lease" },
  { "start --lease=soon idle", 2, "option --lease" },
  { "start --owner-pid=2147483647 idle", 3, "no process 2147483647" },
  { "start --owner-fd=777 idle", 2, "option --owner-fd: the descriptor 777 is not open" },
  { "stop --lease=2h idle", 2, "does not have it" },
  { "launch x.img web --lease", 2, "option --lease: a value is missing" },
  { "launch x.img web --lease=soon", 2, "option --lease" },
  { "launch x.img web --owner-pid 2147483647", 3, "no process 2147483647" },
  { "create x.img web --owner-pid=1", 2, "needs no owner" },
  { "create x.img web --disk-size=1025T", 2, "option --disk-size: a disk can have 1024T at most" },
  { "launch", 2, "no image given" },
  { "launch --instance=x", 2, "--instance is only for autopkgtest" },
  { "launch --stats-file=x x.img web", 2, "--stats-file is only for autopkgtest" },
  { "launch x.img Web", 2, "cannot be the name" },
  { "launch x.img web y", 2, "one word too many" },
  { "launch x.img web --ram-size=many", 2, "--ram-size" },
  { "launch /nonexistent.img web", 3, "/nonexistent.img" },
  { "launch nonexistent.img web", 3, "there is no image nonexistent.img" },
  { "launch state web", 2, "it is a directory, not a disk image" },
  { "create /nonexistent.img web", 3, "/nonexistent.img" },
  { "create nonexistent.img web", 3, "there is no image nonexistent.img" },
  { "create state web", 2, "it is a directory, not a disk image" },
  { "start idle --no-wait", 2, "does not have it" },
  { "stop idle", 4, "the instance \"idle\" does not run" },
  { "restart idle", 4, "the instance \"idle\" does not run" },
  { "revert idle", 4, "the instance \"idle\" does not run" },
  { "wait idle", 4, "the instance \"idle\" does not run" },
  { "create x.img idle", 7, "there is an instance \"idle\" already" },
  { "launch x.img idle", 7, "there is an instance \"idle\" already" },
};

/* Each is one line on stderr, and one more if the command line is wrong; nothing is left. */
TEST_LOOP (fails, 0, G_N_ELEMENTS (failures))
{
  g_auto (GStrv) lines = NULL;

  instance_make ("idle", FALSE);
  ck_assert_msg (cli_run (failures[_i].line) == failures[_i].status, "%s: %s", failures[_i].line,
                 cli_err);
  cli_assert_in (cli_err, failures[_i].said);
  lines = g_strsplit (cli_err, "\n", -1);
  ck_assert_uint_eq (g_strv_length (lines) - 1, failures[_i].status == 2 ? 2 : 1);
  instance_assert_names ("idle");
}

static const char *const verbs[]
    = { "launch",     "create", "start",   "stop",       "restart", "revert", "fork",
        "delete",     "list",   "info",    "wait",       "logs",    "stats",  "prune",
        "screenshot", "renew",  "console", "ssh-config", "events" };

TEST_LOOP (help, 0, G_N_ELEMENTS (verbs))
{
  g_autofree char *line = g_strconcat (verbs[_i], " --help", NULL);
  g_autofree char *usage = g_strconcat ("Usage: virt-qemu ", verbs[_i], " ", NULL);

  ck_assert_int_eq (cli_run (line), 0);
  ck_assert (g_str_has_prefix (cli_out, usage));
  ck_assert_str_eq (cli_err, "");
}

static const struct
{
  const char *line;
  const char *request;
} requests[] = {
  { "stop web", "stop 30\n" },
  { "stop --timeout=5 web", "stop 5\n" },
  { "stop --no-wait web", "stop now 30\n" },
  { "stop --force web", "stop -1\n" },
  { "restart web", "restart\n" },
  { "restart --no-wait web", "restart now\n" },
  { "revert web", "revert\n" },
  { "renew web", "renew\n" },
  { "renew --lease=2h web", "renew 7200\n" },
  { "wait web", "ready\n" },
  { "wait --for=stopped web", "end\n" },
};

TEST_LOOP (asks_the_supervisor, 0, G_N_ELEMENTS (requests))
{
  have_running (FALSE, "ok");
  ck_assert_msg (cli_run (requests[_i].line) == 0, "%s", cli_err);
  assert_requests (requests[_i].request);
  ck_assert_str_eq (cli_out, "");
}

static const struct
{
  const char *answer;
  int status;
} answers[] = {
  { "error busy it%20is%20being%20reverted", 4 },
  { "error timeout too%20late", 6 },
  { "error failed no", 1 },
  { "nonsense", 1 },
  { "ok", 0 },
  { "error no-room full", 5 },
  { "", 4 }, /* it has died */
};

TEST_LOOP (answer, 0, G_N_ELEMENTS (answers))
{
  have_running (FALSE, answers[_i].answer);
  ck_assert_msg (cli_run ("revert web") == answers[_i].status, "%s", cli_err);
}

TEST (delete_needs_force)
{
  have_running (FALSE, "ok");
  ck_assert_int_eq (cli_run ("delete web"), 4);
  cli_assert_in (cli_err, "stop it first, or give --force");
  assert_requests ("");
  ck_assert_int_eq (cli_run ("delete --force web"), 0);
  assert_requests ("stop -1\n");
  await_supervisor ();
  instance_assert_names ("");
}

/* Its record is not one that we understand. */
TEST (delete_of_a_damaged_one)
{
  g_autofree char *path = NULL;

  instance_make ("web", FALSE);
  path = g_build_filename (instance_directory, "state/instances/web/instance.json", NULL);
  ck_assert (g_file_set_contents_full (path, "{\"version\":99}", -1, G_FILE_SET_CONTENTS_CONSISTENT,
                                       0600, NULL));
  ck_assert_int_eq (cli_run ("delete web"), 1);
  cli_assert_in (cli_err, "of version 99");
  cli_assert_in (cli_err, "--force");
  ck_assert_int_eq (cli_run ("delete --force web"), 0);
  instance_assert_names ("");
}

TEST (delete_of_stopped_ones)
{
  instance_make ("a", FALSE);
  instance_make ("b", FALSE);
  instance_make ("c", FALSE);
  ck_assert_int_eq (cli_run ("delete a nosuch c"), 3);
  instance_assert_names ("b");
}

TEST (create_and_replace)
{
  ck_assert_int_eq (cli_run ("create x.img web --cpus=2"), 0);
  ck_assert_str_eq (cli_out, "web\n");
  ck_assert_int_eq (symlink ("x.img", "y.img"), 0);
  ck_assert_int_eq (cli_run ("create --replace y.img web"), 0);
  ck_assert_int_eq (cli_run ("info --format=json web"), 0);
  cli_assert_in (cli_out, "y.img\"");
  ck_assert_int_eq (cli_run ("create --replace nosuch.img web"), 3); /* the old one stays */
  ck_assert_int_eq (cli_run ("info --format=json web"), 0);
  cli_assert_in (cli_out, "y.img\"");
  ck_assert_int_eq (cli_run ("create x.img"), 0);
  ck_assert (g_str_has_prefix (cli_out, "vq-"));
}

static JsonObject *
parse (JsonParser *parser)
{
  JsonNode *root;

  ck_assert_msg (json_parser_load_from_data (parser, cli_out, -1, NULL), "%s", cli_out);
  root = json_parser_get_root (parser);
  if (JSON_NODE_HOLDS_ARRAY (root))
    root = json_array_get_element (json_node_get_array (root), 0);
  return json_node_get_object (root);
}

/* The files that it is made of may be gone before its machine is started. */
TEST (seed_is_kept)
{
  g_autoptr (VqInstance) web = NULL;
  g_autoptr (GBytes) seed = NULL;
  g_autoptr (GError) error = NULL;

  ck_assert (g_file_set_contents ("user", "#cloud-config\nhostname: x\n", -1, NULL));
  ck_assert_int_eq (cli_run ("create --user-data=user x.img web"), 0);
  ck_assert_int_eq (g_unlink ("user"), 0);
  web = vq_instance_open (instance_place, "web", NULL);
  ck_assert (vq_instance_seed_load (vq_instance_get_dir (web), &seed, &error));
  ck_assert_ptr_nonnull (memmem (g_bytes_get_data (seed, NULL), g_bytes_get_size (seed),
                                 "hostname: x", strlen ("hostname: x")));
  ck_assert_int_eq (cli_run ("create --user-data=user x.img two"), 3);
  instance_assert_names ("web");
}

/* What a configuration file says stays, whatever becomes of that file. */
TEST (configuration_is_kept)
{
  g_autoptr (VqInstance) web = NULL;
  g_autofree char *words = NULL;

  ck_assert (g_file_set_contents ("config", "[image x*]\nnetwork=restricted\ncpus=2\n", -1, NULL));
  g_setenv ("VIRT_QEMU_CONFIG", "config", TRUE);
  ck_assert_int_eq (cli_run ("create --cpus=3 x.img web"), 0);
  g_unsetenv ("VIRT_QEMU_CONFIG");
  web = vq_instance_open (instance_place, "web", NULL);
  words = g_strjoinv (" ", vq_instance_get_record (web)->arguments);
  ck_assert_str_eq (words, "--network=restricted --cpus=3 x.img web");
}

/* Scripts rely on the names of the members. */
TEST (json)
{
  static const char *const members[]
      = { "name",       "state",       "reason",       "work",       "host",   "image",
          "created",    "ephemeral",   "lease_until",  "disk",       "pid",    "sockets",
          "machine_id", "host_key",    "os_type",      "os_version", "locked", "locked_since",
          "owner",      "description", "machine_type", "status" };
  g_autoptr (JsonParser) parser = json_parser_new ();
  JsonObject *object;

  have_running (FALSE, "ok state=running pid=42 work=reverted lease_until=90000000");
  ck_assert_int_eq (cli_run ("list --format=json"), 0);
  object = parse (parser);
  ck_assert_uint_eq (json_object_get_size (object), G_N_ELEMENTS (members));
  for (gsize i = 0; i < G_N_ELEMENTS (members); i++)
    ck_assert_msg (json_object_has_member (object, members[i]), "no %s", members[i]);
  ck_assert_str_eq (json_object_get_string_member (object, "state"), "running");
  ck_assert_str_eq (json_object_get_string_member (object, "work"), "reverted");
  ck_assert_int_eq (json_object_get_int_member (object, "pid"), 42);
  ck_assert_str_eq (json_object_get_string_member (object, "lease_until"), "1970-01-01T00:01:30Z");
}

/* Makes an instance that OWNER has locked. It does not run, but has the host key KEY. */
static void
make_locked (const char *name, const char *owner, const char *type, gboolean down, const char *key)
{
  g_autoptr (VqInstance) instance = NULL;
  VqInstanceRecord *record;
  VqPrivateDir *dir;

  instance_make (name, FALSE);
  instance = vq_instance_open (instance_place, name, NULL);
  record = vq_instance_get_record (instance);
  dir = vq_instance_get_dir (instance);
  record->locked = 90 * G_USEC_PER_SEC;
  record->down = down;
  vq_instance_record_set_text (&record->owner, owner);
  vq_instance_record_set_text (&record->description, "for\033[1m");
  vq_instance_record_set_text (&record->machine_type, type);
  ck_assert (vq_instance_record_write (record, dir, NULL));
  ck_assert (vq_private_dir_write (dir, VQ_INSTANCE_HOST_KEY_PUBLIC, key, NULL));
}

/* What is printed about three machines that are locked, and one that is not. */
static const struct
{
  const char *arguments, *said;
} listings[] = {
  { "--format=names", "a\nb\nc\nfree\n" },
  { "--format=names c free", "c\nfree\n" },
  { "--format=names --owner=ann@h", "a\nc\n" },
  { "--format=names --locked=true --status=up --machine-type vps", "a\n" },
  { "--format=names --desc-pattern ^fo", "a\nb\nc\n" },
  { "--format=names --json-query {\"locked_since\":\"1970-01-01T00:01:30Z\"} a free", "a\n" },
  { "--list-targets a free root@b.virt-qemu",
    "targets:\n  root@a.virt-qemu: ssh-ed25519 A\n  root@b.virt-qemu: ssh-ed25519 B\n" },
  { "--list-targets --owner=nobody", "targets: {}\n" },
  { "--list-targets free", "targets: {}\n" },
  { "--brief a free", "a                     up      locked    ann@h                 for\n"
                      "free                  up      unlocked  -                     -\n" },
  { "--summary", "TYPE          COUNT     UP  OWNER\n"
                 "-                 1      1  -\n"
                 "gpu               1      1  ann@h\n"
                 "vps               1      1  ann@h\n"
                 "vps               1      0  bob@h\n" },
};

TEST_LOOP (who_has_locked_what, 0, G_N_ELEMENTS (listings))
{
  g_autofree char *line = g_strconcat ("list ", listings[_i].arguments, NULL);

  make_locked ("a", "ann@h", "vps", FALSE, "ssh-ed25519 A\n");
  make_locked ("b", "bob@h", "vps", TRUE, "ssh-ed25519 B\n");
  make_locked ("c", "ann@h", "gpu", FALSE, "ssh-ed25519 C\n");
  instance_make ("free", FALSE);
  ck_assert_int_eq (cli_run (line), 0);
  ck_assert_str_eq (cli_out, listings[_i].said);
}

TEST (json_of_a_stopped_one)
{
  g_autoptr (JsonParser) parser = json_parser_new ();
  JsonObject *object;

  instance_make ("web", FALSE);
  ck_assert_int_eq (cli_run ("info --format=json web"), 0);
  object = parse (parser);
  ck_assert_str_eq (json_object_get_string_member (object, "state"), "stopped");
  ck_assert (json_object_get_null_member (object, "pid"));
  ck_assert (json_object_get_null_member (object, "lease_until"));
  ck_assert (json_object_get_null_member (object, "sockets"));
}

/* Why it has stopped is told by whatever needs it to run. */
TEST (the_reason_of_a_stop)
{
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autoptr (VqInstance) instance = NULL;
  const char *reason;

  instance_make ("web", FALSE);
  instance = vq_instance_open (instance_place, "web", NULL);
  ck_assert_int_eq (cli_run ("info --format=json web"), 0);
  ck_assert (json_object_get_null_member (parse (parser), "reason"));
  ck_assert (vq_instance_reason_reserve (vq_instance_get_dir (instance), NULL));
  vq_instance_reason_write (vq_instance_get_dir (instance), "the guest powered itself off");
  ck_assert_int_eq (cli_run ("info --format=json web"), 0);
  reason = json_object_get_string_member (parse (parser), "reason");
  ck_assert_str_eq (reason, "the guest powered itself off");
  ck_assert_int_eq (cli_run ("restart web"), 4);
  cli_assert_in (cli_err, "\"web\" does not run (it has stopped: the guest powered itself off): "
                          "\"virt-qemu start web\" starts it\n");
}

TEST (no_room)
{
  static const char *const none[] = { NULL };
  const char *path = vq_private_dir_get_path (instance_place);
  g_autoptr (VqInstanceRecord) record = vq_instance_record_new ("x.img", "/", none);
  g_autoptr (VqPrivateDir) dir = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) names = NULL;

  if (!tree_mount (path, "64k"))
    SKIP ("only root may make disks");
  dir = vq_private_dir_open (path, VQ_PRIVATE_DIR_EXISTING, NULL);
  tree_fill (path);
  ck_assert (!vq_instance_record_write (record, dir, &error));
  ck_assert_int_eq (error->code, VQ_ERROR_NO_ROOM);
  ck_assert_int_eq (cli_run ("create x.img web"), 5);
  cli_assert_in (cli_err, "there is no room for an instance in ");
  cli_assert_in (cli_err, path);
  names = vq_private_dir_list (dir, NULL);
  ck_assert_str_eq (names[0], ".filler");
  ck_assert_ptr_null (names[1]);
  ck_assert_int_eq (umount2 (path, MNT_DETACH), 0);
}

/* A supervisor that ends without an answer, or before it has read the question. */
TEST_LOOP (wait_for_one_that_just_ends, 0, 2)
{
  have_running (FALSE, _i == 0 ? "" : "reset");
  ck_assert_int_eq (cli_run ("wait --for=stopped web"), 0);
  ck_assert_str_eq (cli_err, "");
  assert_requests (_i == 0 ? "end\n" : "");
}

TEST (others_meet_one_that_just_ends)
{
  have_running (FALSE, "reset");
  ck_assert_int_eq (cli_run ("revert web"), 4);
  cli_assert_in (cli_err, "the instance \"web\" has stopped");
}

/* debusine has the same names. */
TEST (stats)
{
  static const char *const members[]
      = { "disk_space",           "memory",           "network_received", "network_sent",
          "available_disk_space", "available_memory", "cpu_count" };
  g_autoptr (JsonParser) parser = json_parser_new ();
  JsonObject *object;

  have_running (FALSE, "ok disk_space=4096 memory=8192");
  ck_assert_int_eq (cli_run ("stats --format=json web"), 0);
  assert_requests ("stats\n");
  object = parse (parser);
  ck_assert_uint_eq (json_object_get_size (object), G_N_ELEMENTS (members));
  for (gsize i = 0; i < G_N_ELEMENTS (members); i++)
    ck_assert_msg (json_object_has_member (object, members[i]), "no %s", members[i]);
  ck_assert_int_eq (json_object_get_int_member (object, "disk_space"), 4096);
  ck_assert_int_eq (json_object_get_int_member (object, "memory"), 8192);
  ck_assert (json_object_get_null_member (object, "network_sent"));
  ck_assert_int_ge (json_object_get_int_member (object, "available_disk_space"), 4096);
  ck_assert_int_ge (json_object_get_int_member (object, "available_memory"), 8192);
  ck_assert_int_ge (json_object_get_int_member (object, "cpu_count"), 1);
  ck_assert_int_eq (cli_run ("stats web"), 0);
  cli_assert_in (cli_out, "memory                8.0 KiB\n");
  cli_assert_in (cli_out, "network_sent          unknown\n");
}

/* One that does not run, one whose supervisor ends, and one whose supervisor does not answer. */
TEST_LOOP (stats_without_an_answer, 0, 3)
{
  g_autoptr (JsonParser) parser = json_parser_new ();
  JsonObject *object;

  if (_i == 0)
    instance_make ("web", FALSE);
  else
    have_running (FALSE, "");
  if (_i == 2)
    kill (supervisor, SIGSTOP);
  ck_assert_int_eq (cli_run ("stats --format=json web"), 0);
  object = parse (parser);
  ck_assert_int_ge (json_object_get_int_member (object, "disk_space"), 1);
  ck_assert (json_object_get_null_member (object, "memory"));
  ck_assert_int_ge (json_object_get_int_member (object, "cpu_count"), 1);
}

static const struct
{
  const char *line;
  const char *code;
} errors[] = {
  { "info --format=json web", "missing" },
  { "info --nonsense --format=json web", "usage" },
  { "stats --format json web", "missing" },
  { "logs --format=json web", "missing" },
  { "screenshot --format=json web x.png", "missing" },
  { "prune --format=json x", "usage" },
  { "start --format=json web", "missing" },
  { "stop --format=json idle", "busy" },
  { "renew --format=json --lease=x idle", "usage" },
  { "wait --format=json idle", "busy" },
  { "delete --format=json web", "missing" },
  { "create --format=json x.img idle", "exists" },
  { "launch --owner-pid=0 --format=json x.img web", "usage" },
};

TEST_LOOP (json_of_an_error, 0, G_N_ELEMENTS (errors))
{
  g_autoptr (JsonParser) parser = json_parser_new ();
  JsonObject *object;

  instance_make ("idle", FALSE);
  ck_assert_int_ne (cli_run (errors[_i].line), 0);
  object = json_object_get_object_member (parse (parser), "error");
  ck_assert_msg (object != NULL, "%s: %s", errors[_i].line, cli_out);
  ck_assert_str_eq (json_object_get_string_member (object, "code"), errors[_i].code);
  cli_assert_in (cli_err, json_object_get_string_member (object, "message"));
  ck_assert_int_eq (json_object_get_null_member (object, "hint"),
                    strcmp (errors[_i].code, "usage") != 0);
}

TEST (json_of_a_name)
{
  g_autoptr (JsonParser) parser = json_parser_new ();

  ck_assert_int_eq (cli_run ("create x.img --format json web"), 0);
  ck_assert_str_eq (json_object_get_string_member (parse (parser), "name"), "web");
  ck_assert_int_eq (cli_run ("delete --format=json web"), 0);
  ck_assert_str_eq (cli_out, "");
}

TEST (lists)
{
  ck_assert_int_eq (cli_run ("list"), 0);
  ck_assert_str_eq (cli_out, "");
  cli_assert_in (cli_err, "there are no instances\n");
  have_running (FALSE, "ok state=running");
  g_autofree char *link
      = g_build_filename (instance_directory, "state/instances/idle/runtime", NULL);

  instance_make ("idle", FALSE);
  ck_assert_int_eq (symlink ("/nosuch/idle", link), 0);
  instance_make ("left", TRUE); /* whose supervisor was killed */
  ck_assert_int_eq (cli_run ("list"), 0);
  cli_assert_in (cli_out, "web                   running");
  cli_assert_in (cli_out, "idle                  stopped");
  ck_assert_int_eq (cli_run ("list --format=names"), 0);
  ck_assert_str_eq (cli_out, "idle\nweb\n");
}

TEST (wait_until_it_is_killed)
{
  have_running (FALSE, "");
  kill (supervisor, SIGKILL);
  await_supervisor ();
  ck_assert_int_eq (cli_run ("wait --for=stopped web"), 0);
  ck_assert_int_eq (cli_run ("info web"), 0);
  cli_assert_in (cli_out, "\"stopped\"");
}

/* What the guest wrote cannot steer the terminal. */
TEST (logs)
{
  g_autofree char *path
      = g_build_filename (instance_directory, "state/instances/web/console.log", NULL);

  instance_make ("web", FALSE);
  ck_assert_int_eq (cli_run ("logs web"), 0);
  ck_assert_str_eq (cli_out, "");
  ck_assert (g_file_set_contents (path, "Booting\033]0;evil\a\r\nDone\r\n", -1, NULL));
  ck_assert_int_eq (g_chmod (path, 0600), 0);
  ck_assert_int_eq (cli_run ("logs web"), 0);
  ck_assert_str_eq (cli_out, "Booting^[]0;evil^G\nDone\n");
}

/* OUT is what the program writes from now on. */
static GPid
follow (int *out)
{
  g_autofree char *program = cli_run_find ();
  const char *const argv[] = { program, "logs", "-f", "web", NULL };
  GPid pid;

  ck_assert (g_spawn_async_with_pipes (NULL, (char **)argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL,
                                       NULL, &pid, NULL, out, NULL, NULL));
  return pid;
}

/* Reads from FD until it has given TEXT. */
static void
read_until (int fd, const char *text)
{
  g_autoptr (GString) got = g_string_new (NULL);
  char byte;

  while (!g_str_has_suffix (got->str, text))
    {
      ck_assert_msg (read (fd, &byte, 1) == 1, "only: %s", got->str);
      g_string_append_c (got, byte);
    }
}

static void
write_log (const char *name, const char *mode, const char *text)
{
  g_autofree char *path = g_build_filename (instance_directory, "state/instances/web", name, NULL);
  mode_t old = umask (0077);
  FILE *file = fopen (path, mode);

  umask (old);
  fputs (text, file);
  fclose (file);
}

/* What was there, what is added, what a new guest writes, a file that is made later, and the end.
 */
TEST (logs_are_followed)
{
  int fd, status;
  GPid pid;

  have_running (FALSE, "hold");
  write_log ("console.log", "w", "Booting\n");
  pid = follow (&fd);
  read_until (fd, "Booting\n");
  write_log ("console.log", "a", "Done\n");
  read_until (fd, "Done\n");
  write_log ("supervisor.log", "w", "it stops\n");
  read_until (fd, "it stops\n");
  write_log ("console.log", "w", "Anew\n");
  read_until (fd, "Anew\n");
  write_log ("console.log", "a", "last");
  kill (supervisor, SIGKILL);
  read_until (fd, "last");
  ck_assert_int_eq (waitpid (pid, &status, 0), pid);
  ck_assert_int_eq (status, 0);
  close (fd);
}

TEST (logs_of_a_stopped_one_have_an_end)
{
  instance_make ("web", FALSE);
  write_log ("console.log", "w", "Booting\n");
  ck_assert_int_eq (cli_run ("logs --follow web"), 0);
  ck_assert_str_eq (cli_out, "Booting\n");
}

TEST (prunes)
{
  g_autofree char *link
      = g_build_filename (instance_directory, "state/instances/idle/runtime", NULL);

  instance_make ("idle", FALSE);
  ck_assert_int_eq (symlink ("/nosuch/idle", link), 0);
  instance_make ("left", TRUE); /* whose supervisor was killed */
  ck_assert_int_eq (cli_run ("prune"), 0);
  ck_assert_str_eq (cli_out, "left\n");
  instance_assert_names ("idle");
  ck_assert (!g_file_test (link, G_FILE_TEST_IS_SYMLINK));
  ck_assert_int_eq (cli_run ("prune --format=json"), 0);
  ck_assert_str_eq (cli_out, "[]\n");
}

TEST (supervise_is_not_for_people)
{
  ck_assert_int_eq (cli_run ("supervise"), 2);
  ck_assert_int_eq (cli_run ("supervise web 77 78 new"), 2);
}
