// SPDX-License-Identifier: GPL-2.0-or-later
/* The real server, started by programs that leave it a strange state: signals, limits, descriptors,
 * directories, variables. Either the state does not matter, or one line says what to change. No
 * guest boots here. */
#include <check.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process.h"
#include "server-client.h"
#include "suite.h"

#define CAPABILITIES "ok isolation-machine reboot revert revert-full-system root-on-testbed"
#define MANY 2000 /* such replies are more than a pipe holds */

static char *dir;
static char *disk;

static void
setup (void)
{
  g_autofree char *broken = NULL;

  dir = g_strdup ("/tmp/vq-inherited.XXXXXX");
  ck_assert_ptr_nonnull (g_mkdtemp_full (dir, 0755));
  disk = g_build_filename (dir, "disk.raw", NULL);
  server_put_power_off_disk (disk);
  broken = g_build_filename (dir, "qemu-img", NULL);
  ck_assert (g_file_set_contents (broken, "#!/bin/sh\nexit 3\n", -1, NULL));
  ck_assert_int_eq (chmod (broken, 0755), 0);
}

static void
teardown (void)
{
  server_free_all ();
  process_remove_tree (dir);
  g_clear_pointer (&disk, g_free);
  g_clear_pointer (&dir, g_free);
}

/* The server, as a shell starts it that has run STATE, in which "$@" is the server's command line
 * and $DIR our directory. */
static Server *
start (const char *state, gboolean non_blocking, const char *option)
{
  g_autofree char *script = g_strdup_printf (
      "DIR=%s P=$(realpath \"$1\"); shift; set -- \"$P\" \"$@\"; %s && exec \"$@\"", dir, state);
  const char *const prefix[] = { "sh", "-c", script, "sh", NULL };
  const char *const arguments[] = { "--accel=tcg", "--boot=bios", option, disk, NULL };

  return server_start (
      &(ServerSetup){ .prefix = prefix, .arguments = arguments, .non_blocking = non_blocking });
}

static void
expect_ok (Server *server)
{
  g_autofree char *line = server_read_line (server, A_WHILE);
  g_autofree char *err = server_get_stderr (server);

  ck_assert_msg (g_strcmp0 (line, "ok") == 0, "it said '%s' and '%s'", line, err);
}

/* What does not matter. */
static const char *const harmless[] = {
  "true",
  "trap '' CHLD",
  "trap '' PIPE",
  "trap '' XFSZ",
  "set -- env --block-signal \"$@\"",
  "exec 2>&-",
  "ulimit -S -n 20",
  "ulimit -S -s 64",
  "ulimit -s 60000000",
  "ulimit -s unlimited",
  "umask 0",
  "umask 077",
  "umask 0777",
  "unset HOME",
  "HOME=/nonexistent; export HOME",
  "LC_ALL=xx_YY.UTF-8; export LC_ALL",
  "unset PATH; PATH=/usr/bin:/bin; export PATH",
  "mkdir $DIR/gone && cd $DIR/gone && rmdir $DIR/gone",
};

CASE ("state", setup, teardown, 60)

TEST_LOOP (does_not_matter, 0, G_N_ELEMENTS (harmless))
{
  g_autoptr (Server) server = start (harmless[_i], FALSE, "--template=auto");

  expect_ok (server);
  server_expect (server, SOON, "capabilities", CAPABILITIES);
  server_send (server, "open\n");
  server_expect_exit (server, A_WHILE, 12, strstr (harmless[_i], "2>&-") != NULL ? 0 : 1,
                      strstr (harmless[_i], "2>&-") != NULL ? "" : "powered itself off");
}

TEST_LOOP (a_failure_of_a_child_is_one, 0, 3)
{
  static const char *const states[]
      = { "true", "trap '' CHLD", "set -- env --block-signal \"$@\"" };
  g_autofree char *state = g_strconcat (states[_i], "; PATH=$DIR:$PATH", NULL);
  g_autoptr (Server) server = start (state, FALSE, "--debug");
  g_autofree char *err = NULL;
  int status;

  expect_ok (server);
  server_send (server, "open\n");
  status = server_wait (server, SOON, 0);
  err = server_get_stderr (server);
  ck_assert_msg (WIFEXITED (status) && WEXITSTATUS (status) == 12
                     && strstr (err, "qemu-img: exit status 3") != NULL,
                 "wait status %#x: %s", status, err);
}

/* Limits under which nothing works. */
static const struct
{
  const char *state;
  int status;
  const char *hint;
} limits[] = {
  { "ulimit -n 20", 1, "ulimit -n" },
  { "ulimit -s 64", 1, "ulimit -s" },
  { "ulimit -v 300000", 12, "ulimit -v" },
  { "ulimit -f 100", 12, "ulimit -f" },
  { "ulimit -f 10000", 12, "ulimit -f" },
  { "mkdir $DIR/gone && cd $DIR/gone && rmdir $DIR/gone && set -- \"$@\" disk.raw", 2,
    "no image disk.raw" },
};

TEST_LOOP (is_said_in_one_line, 0, G_N_ELEMENTS (limits))
{
  g_autoptr (Server) server = start (limits[_i].state, FALSE, "--template=auto");

  if (limits[_i].status == 12)
    {
      expect_ok (server);
      server_send (server, "open\n");
    }
  server_expect_exit (server, A_WHILE, limits[_i].status, 1, limits[_i].hint);
}

/* The server dies by the signal that ended it, even if its starter had blocked that. */
TEST (a_blocked_signal_ends_it)
{
  g_autoptr (Server) server
      = start ("set -- env --block-signal=TERM \"$@\"", FALSE, "--template=off");

  expect_ok (server);
  kill (server_get_pid (server), SIGTERM);
  ck_assert_int_eq (server_wait (server, SOON, 0), SIGTERM);
}

/* Asks for more replies than a pipe holds, and does not read them yet. */
static Server *
start_and_ask_much (gboolean non_blocking)
{
  Server *server = start ("true", non_blocking, "--template=off");

  expect_ok (server);
  for (int i = 0; i < MANY; i++)
    server_send (server, "capabilities\n");
  return server;
}

TEST_LOOP (a_caller_that_reads_late, 0, 2)
{
  g_autoptr (Server) server = start_and_ask_much (_i == 1);

  for (int i = 0; i < MANY; i++)
    {
      g_autofree char *line = server_read_line (server, SOON);

      ck_assert_str_eq (line, CAPABILITIES);
    }
  server_expect (server, SOON, "quit", "ok");
  server_expect_exit (server, SOON, 0, 0, "");
}

TEST_LOOP (a_caller_that_never_reads, 0, 2)
{
  g_autoptr (Server) server = start_and_ask_much (_i == 1);

  kill (server_get_pid (server), SIGTERM);
  ck_assert_int_eq (server_wait (server, SOON, 0), SIGTERM);
}
