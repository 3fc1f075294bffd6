// SPDX-License-Identifier: GPL-2.0-or-later
/* The machine that is made before anybody asks for it. */
#include <check.h>
#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "process.h"
#include "server-client.h"
#include "suite.h"

#define IS_THERE "a spare machine is there"

static char *dir;
static char *stats; /* the option that names the file */
static Server *server;

static void
set_up (void)
{
  g_autofree char *cache = server_build_cache_variable ();

  dir = g_dir_make_tmp ("vq-spares-XXXXXX", NULL);
  stats = g_strdup_printf ("--stats-file=%s/stats", dir);
  server = server_start_on_image (&(ServerSetup){
      .arguments = (const char *const[]){ "--spare=on", "--debug", stats, NULL },
      .environment = (const char *const[]){ cache, NULL },
  });
  server_open (server, "open");
  guest_expect (server, "touch /root/old; ls /root/old", "/root/old");
}

static void
tear_down (void)
{
  server_free_all ();
  process_remove_tree (dir);
  g_free (dir);
  g_free (stats);
}

static void
expect_opened (const char *how)
{
  g_autofree char *path = g_build_filename (dir, "stats", NULL);
  g_autoptr (JsonParser) parser = json_parser_new ();
  JsonObject *object;

  ck_assert (json_parser_load_from_file (parser, path, NULL));
  object = json_node_get_object (json_parser_get_root (parser));
  ck_assert_str_eq (json_object_get_string_member (object, "opened"), how);
}

/* The newest machine of the server. */
static pid_t
find_spare (void)
{
  g_autofree char *parent = g_strdup_printf ("%d", (int)server_get_pid (server));
  g_autofree char *text
      = process_output ((const char *[]){ "pgrep", "-n", "-P", parent, "qemu-system", NULL }, SOON);

  return atoi (text);
}

/* Reverts to another machine, which is a new one and knows the time. */
static void
revert (const char *how)
{
  g_autofree char *before = guest_output (server, "head -c 16 /dev/urandom | od -An -tx1");
  g_autofree char *after = NULL;
  g_autofree char *time = NULL;

  server_open (server, "revert");
  after = guest_output (server, "head -c 16 /dev/urandom | od -An -tx1");
  time = guest_output (server, "date +%s");
  ck_assert_str_ne (before, after);
  ck_assert_int_lt (labs (atol (time) - g_get_real_time () / G_USEC_PER_SEC), 20);
  guest_expect (
      server, "ls /root/old 2>&1 || :", "ls: cannot access '/root/old': No such file or directory");
  g_free (server_ask (server, SOON, "capabilities")); /* after that the file is complete */
  expect_opened (how);
}

CASE ("spares", set_up, tear_down, 0)

TEST (test_one_is_used)
{
  server_wait_for_word (server, IS_THERE);
  revert ("spare");
  guest_expect (server, "touch /root/old; ls /root/old", "/root/old");
  server_expect (server, A_WHILE, "close", "ok");
  server_expect (server, SOON, "quit", "ok");
  ck_assert_int_eq (server_wait (server, SOON, SOON), 0);
}

static const int signals[] = { SIGKILL, SIGSTOP };

/* Nobody hears of it. */
TEST_LOOP (test_one_that_cannot_be_used, 0, G_N_ELEMENTS (signals))
{
  server_wait_for_word (server, IS_THERE);
  ck_assert_int_eq (kill (find_spare (), signals[_i]), 0);
  revert ("fork");
}

/* It ends with the server; server_wait looks whether anything is left. */
TEST (test_the_server_is_killed)
{
  server_wait_for_word (server, IS_THERE);
  ck_assert_int_eq (kill (server_get_pid (server), SIGKILL), 0);
  server_wait (server, SOON, SOON);
}

/* The same, at the moment when it becomes the testbed. */
TEST (test_the_server_is_killed_while_it_reverts)
{
  server_wait_for_word (server, IS_THERE);
  server_send (server, "revert\n");
  server_wait_for_word (server, "request: revert");
  ck_assert_int_eq (kill (server_get_pid (server), SIGKILL), 0);
  server_wait (server, SOON, SOON);
}

/* What is asked for while one is being made does not wait for that. */
TEST (test_reverts_without_a_pause)
{
  for (int i = 0; i < (suite_is_quick () ? 10 : 200); i++)
    server_open (server, "revert");
  server_wait_for_word (server, IS_THERE);
  revert ("spare");
}

/* What it was made from is not there any more, so that it is not used. */
TEST (test_the_template_is_removed)
{
  g_autofree char *templates = g_build_filename (dir, "templates", NULL);
  g_autofree char *option = g_strconcat ("--template-dir=", templates, NULL);

  if (suite_is_quick ())
    SKIP ("only make check-forks has the time");
  server_free_all ();
  server = server_start_on_image (&(ServerSetup){
      .arguments = (const char *const[]){ "--spare=on", "--debug", stats, option, NULL } });
  server_open (server, "open");
  server_wait_for_word (server, IS_THERE);
  process_remove_tree (templates);
  revert ("build");
}

/* What can be seen in a guest and does not change by itself: processes, files, units, mounts,
 * settings of the kernel, the network, the journal, and what the kernel has said, except that the
 * host was slow (hrtimer). */
static const char state[]
    = "cd /; ps -eo args --no-headers | grep -v '^\\[\\|ps -eo\\|sort\\|sh -c\\|grep' | sort; "
      "find /run /etc /var /tmp ! -path '/run/udev/*' ! -path '*/autopkgtest.*' ! -path "
      "'/var/log/journal/*' | sort; systemctl list-units --all --no-legend --plain "
      "| awk '{ print $1, $2, $3, $4 }'; systemctl list-jobs --no-legend; cat /proc/mounts; "
      "sysctl -a 2>/dev/null | grep -v 'random\\|_nr\\|-nr\\|-state\\|ns_last_pid\\|nr_\\|count\\|"
      "_table\\|sched_domain'; ip addr show | grep -v valid_lft; journalctl -b --no-pager -o cat "
      "| grep -v '^hrtimer: ' | sed 's/[0-9a-f]*//g'; dmesg | grep -v 'hrtimer: ' | sed "
      "'s/^[^]]*//'";

static void
expect_same_lines (const char *a, const char *b)
{
  g_auto (GStrv) left = g_strsplit (a, "\n", -1);
  g_auto (GStrv) right = g_strsplit (b, "\n", -1);

  for (guint i = 0; left[i] != NULL || right[i] != NULL; i++)
    ck_assert_msg (g_strcmp0 (left[i], right[i]) == 0, "%.500s\n%.500s", left[i], right[i]);
}

CASE ("sameness", set_up, tear_down, 0)

/* A machine that had to wait is the same as one that has not. */
TEST (test_nothing_tells_it_from_another_fork)
{
  g_autofree char *spare = NULL;
  g_autofree char *fork = NULL;

  server_wait_for_word (server, IS_THERE);
  revert ("spare");
  spare = guest_output (server, state);
  server_expect (server, A_WHILE, "close", "ok");
  ck_assert_int_gt (strlen (spare), 1000);
  server_free (server);
  set_up ();
  fork = guest_output (server, state);
  expect_same_lines (spare, fork);
}
