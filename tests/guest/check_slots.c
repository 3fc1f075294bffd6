// SPDX-License-Identifier: GPL-2.0-or-later
/* Slots, with real guests: who gets one, who waits for it, and when it is free. */
#include <check.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>

#include "process.h"
#include "server-client.h"
#include "suite.h"
#include "user-script.h"

#define LAUNCH "virt-qemu launch --ephemeral image.qcow2 "
#define FREE "vq-one            1     free"

static void
setup (void)
{
  g_unsetenv ("XDG_CONFIG_HOME");
  user_script_setup ();
  user_script_expect ("mkdir -p .config/virt-qemu; "
                      "printf '[vq-one]\\ncount=1\\ncpus=1\\nmemory=1G\\n' "
                      ">.config/virt-qemu/slots.conf",
                      "");
}

static void
tear_down (void)
{
  server_free_all ();
  g_free (user_script_run ("for name in $(virt-qemu list --format=names); do "
                           "virt-qemu delete --force $name || :; done",
                           0));
  user_script_expect ("ls -A --ignore=.slots run", "");
}

void
suite_finish (void)
{
  user_script_finish ();
}

CASE ("slots", setup, tear_down, 0)

/* An instance has the slot until it has stopped, however it does, and who waits for it gets it
 * then. Nothing is left of one that got none. */
TEST (test_instances_share_a_slot)
{
  user_script_expect (LAUNCH "one --slot=vq-one", "one");
  user_script_expect (
      "virt-qemu exec one -- sh -c 'nproc; awk \"/MemTotal/ { print (\\$2 > 1100000) }\" "
      "/proc/meminfo'",
      "1\n0");
  user_script_expect_failure (LAUNCH "two --slot=vq-one", 5, "no slot of \"vq-one\" is free now");
  user_script_expect_failure (LAUNCH "two --slot=vq-one --cpus=2", 2, "more than a slot");
  user_script_expect_failure (LAUNCH "two --slot=vq-other", 3, "there are:");
  user_script_expect ("virt-qemu list --format=names; virt-qemu slots | grep -c ' one  '",
                      "one\n1");
  user_script_expect (
      "(" LAUNCH "two --slot=vq-one:wait=10m >two; virt-qemu slots | grep -c ' two  ' >>two) & "
      "virt-qemu stop one; wait; cat two",
      "two\n1");
  user_script_expect (
      "kill -KILL $(virt-qemu slots --format=json | sed -n 's/.*\"pid\" : \\([0-9]*\\).*/\\1/p'); "
      "virt-qemu wait --for=stopped two; " LAUNCH "three --slot=vq-one:wait=1m; "
      "virt-qemu stop -f three; virt-qemu slots | grep -o '" FREE "'",
      "three\n" FREE);
}

/* It is a slot of the machine: one that is started again takes it again. */
TEST (test_a_stopped_instance_has_none)
{
  user_script_expect (
      "virt-qemu launch image.qcow2 one --slot=vq-one; virt-qemu stop -f one; " LAUNCH
      "two --slot=vq-one",
      "one\ntwo");
  user_script_expect_failure ("virt-qemu start one", 5, "no slot of \"vq-one\" is free now");
  user_script_expect (
      "virt-qemu stop -f two; virt-qemu start one; virt-qemu slots | grep -c ' one  '", "1");
}

/* Two servers of autopkgtest: the second one waits until the first closes its testbed. The first
 * keeps the slot when it reverts that. */
TEST (test_servers_share_a_slot)
{
  g_autofree char *home = user_script_run ("pwd", 0);
  g_autofree char *config_home = g_strdup_printf ("XDG_CONFIG_HOME=%s/.config", g_strchomp (home));
  g_autofree char *run = g_strdup_printf ("VIRT_QEMU_RUNTIME_DIR=%s/run", home);
  const char *const environment[] = { config_home, run, NULL };
  const char *const waits[] = { "--slot=vq-one:wait=10m", NULL };
  const char *const fails[] = { "--slot=vq-one", NULL };
  g_autoptr (Server) first
      = server_start_on_image (&(ServerSetup){ .arguments = waits, .environment = environment });
  g_autoptr (Server) second
      = server_start_on_image (&(ServerSetup){ .arguments = waits, .environment = environment });
  g_autoptr (Server) third
      = server_start_on_image (&(ServerSetup){ .arguments = fails, .environment = environment });

  server_open (first, "open");
  server_send (second, "open\n");
  server_send (third, "open\n");
  server_expect_exit (third, A_WHILE, 12, 1, "\"vq-one\"");
  server_open (first, "revert");
  server_expect (first, A_WHILE, "close", "ok");
  server_finish_open (second);
  kill (server_get_pid (second), SIGKILL);
  server_wait (second, A_WHILE, SOON);
  server_open (first, "open");
  server_expect (first, A_WHILE, "close", "ok");
  user_script_expect ("virt-qemu slots | grep -o '" FREE "'", FREE);
}
