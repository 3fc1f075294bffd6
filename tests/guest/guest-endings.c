// SPDX-License-Identifier: GPL-2.0-or-later
/* Five servers at once on the same image, each of a kind of its own, and how they end. */
#include <check.h>
#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest-tests.h"
#include "suite.h"
#include "process.h"

/* The time zone of the host that "strange" runs on, and the size of its overlay's directory. */
#define ZONE "Pacific/Chatham"
#define OVERLAY_SIZE "96m"

#define MIB (1024 * 1024)

static Server *nobody;    /* as another user, if we are root */
static Server *strange;   /* on a host with another time zone and a small disk for overlays */
static Server *impatient; /* with a copy timeout of a second, and no terminal */
static Server *patient;   /* waits ten minutes for the guest's power-off */
static Server *plain;
static char *dir;

/* $1 is an empty directory, the rest the server's command line. In a mount namespace of our own
 * the host is what we want it to be. */
static const char strange_script[]
    = "mkdir \"$1/etc\" \"$1/overlay\"\n"
      "cp -a /etc/. \"$1/etc\" 2>/dev/null || :\n"
      "ln -sfn /usr/share/zoneinfo/" ZONE " \"$1/etc/localtime\"\n"
      "echo " ZONE " >\"$1/etc/timezone\"\n"
      "mount --bind \"$1/etc\" /etc\n"
      "mount -t tmpfs -o size=" OVERLAY_SIZE " tmpfs \"$1/overlay\"\n"
      "shift; exec \"$@\"\n";

static Server *
start_strange (void)
{
  const char *namespace = geteuid () == 0 ? "--mount" : "-rm";
  const char *const prefix[]
      = { "unshare", namespace, "sh", "-euc", strange_script, "sh", dir, NULL };
  g_autofree char *option = g_strdup_printf ("--overlay-dir=%s/overlay", dir);
  const char *const arguments[] = { option, NULL };

  return server_start_on_image (&(ServerSetup){ .prefix = prefix, .arguments = arguments });
}

/* The shared testbed makes way first: memory may be short. */
static void
setup (void)
{
  const char *const environment[] = { "AUTOPKGTEST_VIRT_COPY_TIMEOUT=1", NULL };
  g_autofree char *stats = NULL;
  g_autofree char *log_dir = NULL;
  Server **all[] = { &nobody, &strange, &impatient, &patient, &plain };

  dir = g_strdup ("/tmp/vq-endings.XXXXXX");
  ck_assert_ptr_nonnull (g_mkdtemp_full (dir, 0755));
  nobody = server_start_on_image (&(ServerSetup){ .as_nobody = TRUE });
  strange = start_strange ();
  impatient = server_start_on_image (&(ServerSetup){ .environment = environment });
  stats = g_strdup_printf ("--stats-file=%s/stats", dir);
  log_dir = g_strdup_printf ("--log-dir=%s/logs", dir);
  patient = server_start_on_image (
      &(ServerSetup){ .arguments = (const char *const[]){ "--timeout-poweroff=600", "-d", "--stats",
                                                          stats, log_dir, NULL } });
  plain = server_start_on_image (NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (all); i++)
    server_send (*all[i], "open\n");
  for (gsize i = 0; i < G_N_ELEMENTS (all); i++)
    server_finish_open (*all[i]);
}

static void
teardown (void)
{
  server_free_all ();
  process_remove_tree (dir);
  g_clear_pointer (&dir, g_free);
}

/* Ends the shared testbed, which must happen before all servers are ended below. */
CASE ("misuse while open", NULL, NULL, 0)

TEST (test_paths_that_disagree_about_the_slash)
{
  g_autoptr (Server) server = shared_testbed_steal ();
  g_autofree char *before = server_get_stderr (server);
  g_autofree char *after = NULL;

  server_send (server, "copydown /etc/ /tmp/etc\n");
  ck_assert_int_eq (server_wait (server, SOON, 0), 12 << 8);
  after = server_get_stderr (server);
  ck_assert_msg (strstr (after + strlen (before), "error: ") != NULL
                     && strstr (after + strlen (before), "trailing slash") != NULL,
                 "%s", after);
}

CASE_ONCE ("endings", setup, teardown, 0)

TEST (test_each_has_a_machine_of_its_own)
{
  Server *const all[] = { nobody, strange, impatient, patient, plain };

  for (gsize i = 0; i < G_N_ELEMENTS (all); i++)
    guest_expect (all[i], "echo mine >/only-here; ls /only-here", "/only-here");
  server_open (plain, "revert");
  guest_expect (plain, "ls /only-here 2>&1 | wc -w; id -un", "9\nroot");
  guest_expect (nobody, "cat /only-here", "mine");
}

TEST (test_an_ordinary_user_can_run_it)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d", server_get_pid (nobody));
  struct stat st;

  ck_assert_int_eq (stat (path, &st), 0);
  ck_assert_uint_ne (st.st_uid, 0);
  guest_expect (nobody, "id -u", "0");
}

TEST (test_time_zone_is_the_hosts)
{
  guest_expect (strange, "readlink /etc/localtime; cat /etc/timezone",
                "/usr/share/zoneinfo/" ZONE "\n" ZONE);
  ck_assert_int_eq (access ("/usr/share/zoneinfo/" ZONE, F_OK), 0);
}

static JsonNode *
read_stats (void)
{
  g_autofree char *path = g_build_filename (dir, "stats", NULL);
  g_autoptr (JsonParser) parser = json_parser_new ();

  ck_assert (json_parser_load_from_file (parser, path, NULL));
  return json_parser_steal_root (parser);
}

/* The file is written anew after a copy, and before the next command. */
TEST (test_stats)
{
  g_autofree char *copy
      = g_strdup_printf ("copydown /proc/self/exe %s/exe", server_get_scratch (patient));
  g_autoptr (JsonNode) node = NULL;
  JsonObject *stats;
  const char *opened;

  guest_expect (patient, "dd if=/dev/zero of=/root/x bs=1M count=20 2>/dev/null; sync", "");
  server_expect (patient, A_WHILE, copy, "ok");
  server_expect (patient, A_WHILE, copy, "ok");
  node = read_stats ();
  stats = json_node_get_object (node);
  opened = json_object_get_string_member (stats, "opened");
  ck_assert (strcmp (opened, "fork") == 0 || strcmp (opened, "build") == 0);
  ck_assert_int_ge (json_object_get_int_member (stats, "commands"), 1);
  ck_assert_int_ge (json_object_get_int_member (stats, "copied_down"), 100 * 1000);
  ck_assert_int_eq (json_object_get_int_member (stats, "copied_up"), 0);
  ck_assert_int_ge (json_object_get_int_member (stats, "memory"), 50 * MIB);
  ck_assert_int_ge (json_object_get_int_member (stats, "disk_space"), 20 * MIB);
  ck_assert_int_lt (json_object_get_int_member (stats, "disk_space"), 500 * MIB);
}

/* What --log-dir has, which only we may read. */
static const struct
{
  const char *name;
  const char *contents; /* NULL: there is no such file */
} logs[] = {
  { "console.log", "" },      { "journal.log", "systemd[1]: " },
  { "cloud-init.log", NULL }, { "cloud-init-output.log", NULL },
  { "screen.png", NULL },     { "trace.log", "debug: request: open\n" },
};

/* They are written when a machine ends, here the first of two. */
TEST (test_logs)
{
  server_open (patient, "revert");
  for (gsize i = 0; i < G_N_ELEMENTS (logs); i++)
    {
      g_autofree char *path = g_build_filename (dir, "logs", logs[i].name, NULL);
      g_autofree char *text = NULL;
      struct stat st;

      ck_assert_msg (g_file_get_contents (path, &text, NULL, NULL) == (logs[i].contents != NULL),
                     "%s", path);
      if (text == NULL)
        continue;
      ck_assert_msg (strstr (text, logs[i].contents) != NULL, "%s: %s", path, text);
      ck_assert_int_eq (stat (path, &st), 0);
      ck_assert_uint_eq (st.st_mode, S_IFREG | 0600);
    }
}

TEST (test_a_copy_that_takes_too_long)
{
  g_autofree char *copy = g_build_filename (dir, "copy", NULL);
  g_autofree char *err = NULL;
  g_autofree char *reply = NULL;

  /* A terminal whose other end nobody opens. */
  reply = server_copy (impatient, "copyup", "/dev/ptmx", copy);
  err = server_get_stderr (impatient);
  ck_assert_msg (strcmp (reply, "timeout") == 0, "%s: %s", reply, err);
  ck_assert_msg (strstr (err, "copyup: not done within 1 s") != NULL, "%s", err);
  guest_expect (impatient, "echo alive", "alive");
}

TEST (test_a_shell_needs_a_terminal)
{
  g_autofree char *before = server_get_stderr (impatient);
  g_autofree char *after = NULL;

  server_expect (impatient, SOON, "shell /", "ok");
  after = server_get_stderr (impatient);
  ck_assert_msg (strstr (after + strlen (before), "no terminal") != NULL, "%s", after);
}

TEST (test_a_disk_that_is_full)
{
  g_autoptr (Command) command
      = command_start_script (strange, "dd if=/dev/urandom of=/big bs=1M count=300 && sync");

  command_wait (command, A_WHILE);
  ck_assert_int_eq (command->status, 255);
  ck_assert_msg (strstr (command->err, "no space left for the testbed's disk") != NULL, "%s",
                 command->err);
  ck_assert_msg (strstr (command->err, "--overlay-dir") != NULL, "%s", command->err);
}

TEST (test_end_of_file_while_open)
{
  server_close_stdin (strange);
  ck_assert_int_eq (server_wait (strange, SOON, 0), 12 << 8);
}

/* As autopkgtest does it: nobody reads our answer any more. */
TEST (test_quit_without_a_reader)
{
  server_close_stdout (nobody);
  server_send (nobody, "quit\n");
  server_expect_exit (nobody, SOON, 0, 0, "");
}

TEST (test_sigterm_while_open)
{
  g_autoptr (Command) command = command_start_waiting (impatient);

  kill (server_get_pid (impatient), SIGTERM);
  ck_assert_int_eq (server_wait (impatient, SOON, 0), SIGTERM);
  command_wait (command, SOON);
  ck_assert_int_eq (command->status, 255);
}

/* The guest does not power off. The command's end tells that the server waits for that. */
TEST (test_sigterm_while_it_powers_off)
{
  g_autoptr (Command) command = NULL;
  g_autofree char *said = NULL;

  guest_expect (patient, "ln -sf /bin/true \"$(command -v shutdown)\"", "");
  command = command_start_waiting (patient);
  server_send (patient, "close\n");
  command_wait (command, SOON);
  ck_assert_int_eq (command->status, 255);
  kill (server_get_pid (patient), SIGTERM);
  ck_assert_int_eq (server_wait (patient, SOON, 0), SIGTERM);
  said = server_get_stderr (patient);
  ck_assert_msg (strstr (said, "\n  revert           1 ") != NULL, "%s", said);
}

/* Nobody can clean up after this but who is left. */
TEST (test_sigkill_while_open)
{
  g_autoptr (Command) command = command_start_waiting (plain);

  kill (server_get_pid (plain), SIGKILL);
  ck_assert_int_eq (server_wait (plain, 2, 2), SIGKILL);
  command_wait (command, SOON);
  ck_assert_int_eq (command->status, 255);
  ck_assert_msg (strstr (command->err, "went away") != NULL, "%s", command->err);
}
