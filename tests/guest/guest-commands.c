// SPDX-License-Identifier: GPL-2.0-or-later
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guest-tests.h"
#include "suite.h"
#include "process.h"

#define MIB (1024 * 1024)

CASE ("commands", NULL, NULL, 0)

TEST (test_capabilities)
{
  Server *server = shared_testbed ();
  g_autofree char *user = guest_output (
      server, "getent passwd | awk -F: '$3 >= 1000 && $3 < 60000 { print $1; exit }'");
  g_autofree char *expected
      = g_strconcat ("ok isolation-machine reboot revert revert-full-system root-on-testbed",
                     user[0] != '\0' ? " suggested-normal-user=" : "", user, NULL);

  server_expect (server, SOON, "capabilities", expected);
}

TEST (test_scratch_directory)
{
  Server *server = shared_testbed ();
  g_autofree char *script
      = g_strdup_printf ("stat -c '%%a %%u %%F' %s; ls -A %s", server_get_scratch (server),
                         server_get_scratch (server));

  guest_expect (server, script, "777 0 directory");
}

/* Exit status in the guest, and what autopkgtest sees: 254 and 255 mean trouble with the testbed.
 */
static const int exits[][2]
    = { { 0, 0 },     { 1, 1 },     { 2, 2 },     { 100, 100 }, { 125, 125 }, { 126, 126 },
        { 127, 127 }, { 128, 128 }, { 252, 252 }, { 253, 253 }, { 254, 253 }, { 255, 253 } };

TEST_LOOP (test_exit_status, 0, G_N_ELEMENTS (exits))
{
  g_autofree char *script = g_strdup_printf ("exit %d", exits[_i][0]);
  g_autoptr (Command) command = command_start_script (shared_testbed (), script);

  command_wait (command, A_WHILE);
  ck_assert_int_eq (command->status, exits[_i][1]);
  ck_assert_str_eq (command->err, "");
}

static const int signals[] = { SIGHUP, SIGINT, SIGABRT, SIGKILL, SIGSEGV, SIGPIPE, SIGTERM };

TEST_LOOP (test_death_by_signal, 0, G_N_ELEMENTS (signals))
{
  g_autofree char *script = g_strdup_printf ("kill -%d $$", signals[_i]);
  g_autoptr (Command) command = command_start_script (shared_testbed (), script);

  command_wait (command, A_WHILE);
  ck_assert_int_eq (command->status, 128 + signals[_i]);
  ck_assert_str_eq (command->err, "");
}

TEST (test_a_command_that_does_not_exist)
{
  g_autoptr (Command) command
      = command_start (shared_testbed (), (const char *[]){ "no-such-command", "x", NULL }, -1);

  command_wait (command, A_WHILE);
  ck_assert_int_eq (command->status, 127);
  ck_assert_msg (strstr (command->err, "no-such-command") != NULL, "%s", command->err);
}

TEST (test_streams_are_separate)
{
  g_autoptr (Command) command = command_start_script (
      shared_testbed (), "echo out; echo err >&2; echo out2; echo err2 >&2");

  command_wait (command, A_WHILE);
  ck_assert_int_eq (command->status, 0);
  ck_assert_str_eq (command->out, "out\nout2\n");
  ck_assert_str_eq (command->err, "err\nerr2\n");
}

TEST (test_environment_is_that_of_a_root_shell)
{
  guest_expect (shared_testbed (), "echo $(id -u) $HOME $PWD $USER; umask; wc -c </dev/stdin",
                "0 /root / root\n0022\n0");
  guest_expect (shared_testbed (), "echo \"$PATH\"",
                "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
  guest_expect (shared_testbed (), "echo \"${TMPDIR-unset}\"", "unset");
}

TEST (test_arguments_of_any_bytes)
{
  const char *const argv[]
      = { "printf", "%s\\n", "a b", "line\nbreak", "", "'\"\\$(x)", "\xff\xfe", "-n", "%41", NULL };
  g_autoptr (Command) command = command_start (shared_testbed (), argv, -1);

  command_wait (command, A_WHILE);
  ck_assert_int_eq (command->status, 0);
  ck_assert_str_eq (command->out, "a b\nline\nbreak\n\n'\"\\$(x)\n\xff\xfe\n-n\n%41\n");
}

/* What a shell line needs to run a command in the guest. Its words have nothing to quote. */
static char *
auxverb_line (void)
{
  g_auto (GStrv) words = server_get_auxverb (shared_testbed ());

  return g_strjoinv (" ", words);
}

/* N bytes without any order, in a file without a name. */
static int
random_file (gsize n, guint8 **bytes)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (4711);
  int fd = process_new_file ();

  *bytes = g_malloc (n);
  for (gsize i = 0; i < n; i++)
    (*bytes)[i] = (guint8)g_rand_int (rand);
  ck_assert_int_eq (write (fd, *bytes, n), n);
  ck_assert_int_eq (lseek (fd, 0, SEEK_SET), 0);
  return fd;
}

TEST (test_binary_data_through_a_command)
{
  const gsize size = 3 * MIB + 1;
  g_autofree guint8 *bytes = NULL;
  int in = random_file (size, &bytes);
  g_autoptr (Command) command
      = command_start (shared_testbed (), (const char *[]){ "cat", NULL }, in);

  close (in);
  command_wait (command, A_WHILE);
  ck_assert_int_eq (command->status, 0);
  ck_assert_uint_eq (command->length, size);
  ck_assert_int_eq (memcmp (command->out, bytes, size), 0);
}

/* As autopkgtest has it: pipes on both sides, one of which is closed early. */
TEST (test_pipes_on_both_sides)
{
  g_autofree char *auxverb = auxverb_line ();
  g_autofree char *script
      = g_strdup_printf ("set -e; seq 200000 | %s cat | md5sum; seq 200000 | %s head -n 1; %s yes "
                         "| head -n 1; seq 200000 | md5sum",
                         auxverb, auxverb, auxverb);
  g_autofree char *out = process_output ((const char *[]){ "sh", "-c", script, NULL }, A_WHILE);
  g_auto (GStrv) lines = g_strsplit (out, "\n", -1);

  ck_assert_int_eq (g_strv_length (lines), 5);
  ck_assert_str_eq (lines[0], lines[3]);
  ck_assert_str_eq (lines[1], "1");
  ck_assert_str_eq (lines[2], "y");
}

/* Each waits for all the others: one after the other they would never end. */
TEST (test_eight_at_once)
{
  Command *commands[8];
  Server *server = shared_testbed ();

  guest_expect (server, "rm -rf /run/meeting; mkdir /run/meeting", "");
  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    {
      g_autofree char *script
          = g_strdup_printf ("echo %zu; touch /run/meeting/%zu; until [ -e /run/meeting/7 ] && [ "
                             "$(ls /run/meeting | wc -l) = 8 ]; do sleep 0.1; done; exit %zu",
                             i, i, i);

      commands[i] = command_start_script (server, script);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    {
      g_autofree char *number = g_strdup_printf ("%zu\n", i);

      command_wait (commands[i], A_WHILE);
      ck_assert_int_eq (commands[i]->status, i);
      ck_assert_str_eq (commands[i]->out, number);
      command_free (commands[i]);
    }
}

/* As many as this once lost their replies in the guest agent. */
TEST (test_forty_at_once)
{
  Command *commands[40];
  Server *server = shared_testbed ();

  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    {
      g_autofree char *script = g_strdup_printf ("echo %zu; exit %zu", i, i);

      commands[i] = command_start_script (server, script);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    {
      g_autofree char *number = g_strdup_printf ("%zu\n", i);

      command_wait (commands[i], A_WHILE);
      ck_assert_int_eq (commands[i]->status, i);
      ck_assert_str_eq (commands[i]->out, number);
      command_free (commands[i]);
    }
}

/* autopkgtest does this on a timeout; the guest's processes must end too. */
TEST_LOOP (test_killing_the_client_kills_the_command, 0, 2)
{
  static const int kills[] = { SIGKILL, SIGTERM };
  Server *server = shared_testbed ();
  g_autoptr (Command) command = NULL;

  guest_expect (server, "rm -f /run/pids", "");
  command = command_start_script (
      server, "sleep 1000 & echo $$ $! >/run/pids.new; mv /run/pids.new /run/pids; wait");
  guest_expect (server, "until [ -e /run/pids ]; do sleep 0.1; done; kill -0 $(cat /run/pids)", "");
  ck_assert_int_eq (kill (command->pid, kills[_i]), 0);
  command_wait (command, SOON);
  ck_assert_int_eq (command->status, -kills[_i]);
  guest_expect (
      server, "for pid in $(cat /run/pids); do timeout 30 tail --pid=$pid -f /dev/null; done", "");
}

/* What a test leaves behind may hold its stdout for ever. */
TEST_LOOP (test_a_daemon_left_behind_holds_nobody_up, 0, 3)
{
  static const char *const daemons[]
      = { "sleep 1000 &", "setsid sleep 1000 &", "(trap '' HUP; exec sleep 1000) &" };
  Server *server = shared_testbed ();
  g_autofree char *auxverb = auxverb_line ();
  g_autofree char *script = g_strdup_printf (
      "%s sh -c \"%s echo \\$! >/run/daemon; echo done\" 2>&1 | cat", auxverb, daemons[_i]);
  g_autofree char *out = process_output ((const char *[]){ "sh", "-c", script, NULL }, SOON);

  ck_assert_str_eq (out, "done\n");
  guest_expect (server, "pid=$(cat /run/daemon); kill -0 $pid && kill $pid", "");
}

TEST (test_stdin_that_nobody_reads)
{
  g_autofree guint8 *bytes = NULL;
  int in = random_file (MIB, &bytes);
  g_autoptr (Command) command
      = command_start (shared_testbed (), (const char *[]){ "true", NULL }, in);

  close (in);
  command_wait (command, SOON);
  ck_assert_int_eq (command->status, 0);
}

TEST (test_many_commands_leave_nothing_in_the_guest)
{
  Server *server = shared_testbed ();
  const char *list = "cd /run/virt-qemu 2>/dev/null && ls | wc -l || echo 0";
  g_autofree char *before = guest_output (server, list);

  for (int i = 0; i < 20; i++)
    guest_expect (server, "echo hello", "hello");
  guest_expect (server, list, before);
}

/* The guest's driver drops what it holds then, and the port closes until the guest wakes up. */
TEST (test_a_guest_that_sleeps)
{
  Server *server = shared_testbed ();
  g_autofree char *bytes = g_malloc (4 * MIB);
  g_autoptr (Command) sleeper = NULL;
  g_autoptr (Command) flow = NULL;
  FILE *file = tmpfile ();

  for (int i = 0; i < 4 * MIB; i++)
    bytes[i] = i / 7 ^ i >> 16;
  ck_assert_uint_eq (fwrite (bytes, 1, 4 * MIB, file), 4 * MIB);
  rewind (file);
  guest_expect (server,
                "echo 1 >/sys/module/suspend/parameters/pm_test_delay;"
                "echo devices >/sys/power/pm_test",
                "");
  flow
      = command_start (server, (const char *[]){ "sh", "-c", "sleep 2; cat", NULL }, fileno (file));
  sleeper = command_start_script (server, "sleep 1; echo freeze >/sys/power/state; echo back");
  command_wait (flow, A_WHILE);
  fclose (file);
  ck_assert_int_eq (flow->status, 0);
  ck_assert_uint_eq (flow->length, 4 * MIB);
  ck_assert_mem_eq (flow->out, bytes, 4 * MIB);
  command_wait (sleeper, A_WHILE);
  ck_assert_str_eq (sleeper->out, "back\n");
  guest_expect (server, "echo none >/sys/power/pm_test", "");
}
