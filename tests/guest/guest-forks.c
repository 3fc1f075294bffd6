// SPDX-License-Identifier: GPL-2.0-or-later
/* Templates, and testbeds that are forks of them. A directory of templates of our own shows what is
 * in it after each step; the template is made once, of a guest whose clock is years off. */
#include <check.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guest-tests.h"
#include "process.h"

/* Seconds that the clocks of guest and host may differ, with a command between. */
#define CLOCK_SLACK 20

/* A timer that is due once in a while: in the years that the clock jumps over, often. */
static const char timer_script[]
    = "#!/bin/sh -e\n"
      "date -s 2020-02-20 >/dev/null\n"
      "d=/etc/systemd/system\n"
      "printf '[Service]\\nType=oneshot\\nExecStart=/bin/touch /run/fired\\n' >$d/often.service\n"
      "printf '[Timer]\\nOnCalendar=monthly\\n' >$d/often.timer\n"
      "systemctl daemon-reload\n"
      "systemctl start often.timer\n"
      "date +%Y >/made-in\n"
      "echo the script was here >&2\n";

static char *directory; /* of everything that is ours */
static char *templates; /* the option that names the templates' directory */
static char *script;    /* the option that names the script */

/* The files and directories in our template directory that match PATTERN, one a line. */
static char *
list_templates (const char *pattern)
{
  return process_output (
      (const char *[]){ "find", templates + strlen ("--template-dir="), "-path", pattern, NULL },
      SOON);
}

static Server *
start (void)
{
  return server_start_on_image (
      &(ServerSetup){ .arguments = (const char *const[]){ templates, script, NULL } });
}

static void
set_up_once (void)
{
  g_autofree char *path = NULL;

  if (directory != NULL)
    return;
  directory = g_dir_make_tmp ("vq-forks-XXXXXX", NULL);
  ck_assert_ptr_nonnull (directory);
  path = g_build_filename (directory, "script", NULL);
  ck_assert (g_file_set_contents (path, timer_script, -1, NULL));
  templates = g_strdup_printf ("--template-dir=%s/templates", directory);
  script = g_strconcat ("--template-script=", path, NULL);
}

static void
close_server (Server *server)
{
  server_expect (server, A_WHILE, "close", "ok");
  server_expect (server, SOON, "quit", "ok");
  ck_assert_int_eq (server_wait (server, SOON, SOON), 0);
  server_free (server);
}

static void
expect_clock_of_now (Server *server)
{
  g_autofree char *text = guest_output (server, "date +%s");
  gint64 difference = g_get_real_time () / G_USEC_PER_SEC - g_ascii_strtoll (text, NULL, 10);

  ck_assert_msg (ABS (difference) < CLOCK_SLACK, "the guest's clock is %" G_GINT64_FORMAT " s off",
                 difference);
}

/* The first open makes the template; the guest that it gives is a fork already. */
START_TEST (test_a_fork_is_a_sane_machine)
{
  g_autoptr (Server) server = start ();
  g_autofree char *err = NULL;
  g_autofree char *found = NULL;

  server_open (server, "open");
  err = server_get_stderr (server);
  ck_assert_msg (strstr (err, "the script was here") != NULL, "no word of the script: %s", err);
  guest_expect (server, "cat /made-in", "2020");
  expect_clock_of_now (server);
  guest_expect (server, "ls /run/fired 2>&1 | grep -c 'No such'", "1");
  guest_expect (server, "systemctl start often.timer; systemctl is-active often.timer", "active");
  guest_expect (server, "ls /run/fired 2>&1 | grep -c 'No such'", "1");
  guest_expect (server, "systemctl is-active qemu-guest-agent", "active");
  found = list_templates ("*/template.json");
  ck_assert_ptr_nonnull (strstr (found, "template.json"));
  close_server (g_steal_pointer (&server));
}
END_TEST

#define RANDOM "head -c 16 /dev/urandom | od -An -tx1"

START_TEST (test_another_server_forks_the_same_template)
{
  g_autoptr (Server) server = start ();
  g_autofree char *boot = NULL;
  g_autofree char *random = NULL;
  g_autofree char *other = NULL;

  server_open (server, "open");
  boot = guest_output (server, "cat /proc/sys/kernel/random/boot_id");
  random = guest_output (server, RANDOM);
  guest_expect (server, "echo mine >/mine; mkdir /dev/shm/mine", "");
  server_open (server, "revert");
  guest_expect (server, "ls -d /mine /dev/shm/mine 2>/dev/null || :", "");
  guest_expect (server, "cat /proc/sys/kernel/random/boot_id", boot);
  other = guest_output (server, RANDOM);
  ck_assert_str_ne (random, other);
  expect_clock_of_now (server);
  close_server (g_steal_pointer (&server));
}
END_TEST

/* They run at once and know nothing of each other. */
START_TEST (test_many_forks_at_once)
{
  Server *servers[6];
  g_autofree char *number = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (servers); i++)
    servers[i] = start ();
  for (guint i = 0; i < G_N_ELEMENTS (servers); i++)
    server_send (servers[i], "open\n");
  for (guint i = 0; i < G_N_ELEMENTS (servers); i++)
    server_finish_open (servers[i]);
  for (guint i = 0; i < G_N_ELEMENTS (servers); i++)
    {
      g_autofree char *write = g_strdup_printf ("echo %u >/number; sync", i);

      guest_expect (servers[i], write, "");
    }
  for (guint i = 0; i < G_N_ELEMENTS (servers); i++)
    {
      g_autofree char *expected = g_strdup_printf ("%u", i);

      guest_expect (servers[i], "cat /number", expected);
      close_server (servers[i]);
    }
}
END_TEST

START_TEST (test_reboot_in_a_fork)
{
  g_autoptr (Server) server = start ();
  g_autofree char *boot = NULL;
  g_autofree char *after = NULL;

  server_open (server, "open");
  boot = guest_output (server, "cat /proc/sys/kernel/random/boot_id");
  server_expect (server, BOOT, "reboot", "ok");
  after = guest_output (server, "cat /proc/sys/kernel/random/boot_id");
  ck_assert_str_ne (boot, after);
  server_open (server, "revert");
  guest_expect (server, "cat /proc/sys/kernel/random/boot_id", boot);
  close_server (g_steal_pointer (&server));
}
END_TEST

static void
damage (const char *name)
{
  g_autofree char *pattern = g_strconcat ("*/", name, NULL);
  g_autofree char *path = list_templates (pattern);

  g_strchomp (path);
  ck_assert_ptr_null (strchr (path, '\n'));
  ck_assert_msg (truncate (path, 4096) == 0, "cannot truncate %s", path);
}

/* A template that somebody has damaged is not used: a new one is made, and one line says so. */
START_TEST (test_a_damaged_template_is_made_anew)
{
  g_autoptr (Server) server = start ();
  g_autofree char *err = NULL;

  damage (_i == 0 ? "ram" : "state");
  server_open (server, "open");
  expect_clock_of_now (server);
  err = server_get_stderr (server);
  ck_assert_msg (strstr (err, "warning") != NULL && strstr (err, "template") != NULL, "%s", err);
  close_server (g_steal_pointer (&server));
}
END_TEST

/* What a killed server leaves while it makes a template is never used, and goes. */
START_TEST (test_killed_while_it_makes_one)
{
  g_autoptr (Server) server = start ();
  g_autoptr (Server) next = NULL;
  g_autofree char *left = NULL;

  damage ("state");
  server_send (server, "open\n");
  for (int i = 0; i < 100 && left == NULL; i++)
    {
      g_autofree char *found = list_templates ("*/.new-*/ram");

      if (found[0] != '\0')
        left = g_steal_pointer (&found);
      else
        process_poll (-1, 0, 0.1);
    }
  ck_assert_msg (left != NULL, "no template is being made");
  ck_assert_int_eq (kill (server_get_pid (server), SIGKILL), 0);
  server_wait (server, SOON, SOON);
  next = start ();
  server_open (next, "open");
  g_free (left);
  left = list_templates ("*/.new-*");
  ck_assert_str_eq (left, "");
  close_server (g_steal_pointer (&next));
}
END_TEST

/* The directory cannot be used: the guest is booted, after one line. */
START_TEST (test_no_place_for_templates)
{
  const char *const arguments[] = { "--template-dir=/dev/null/templates", NULL };
  g_autoptr (Server) server = server_start_on_image (&(ServerSetup){ .arguments = arguments });
  g_autofree char *err = NULL;

  server_open (server, "open");
  err = server_get_stderr (server);
  ck_assert_msg (strstr (err, "/dev/null/templates") != NULL
                     && strchr (err, '\n') == strrchr (err, '\n'),
                 "not one line: %s", err);
  close_server (g_steal_pointer (&server));
}
END_TEST

/* After the last test: what we made is large. */
START_TEST (test_nothing_is_left)
{
  g_autofree char *path = g_strdup (directory);

  g_free (process_output ((const char *[]){ "rm", "-rf", "--", path, NULL }, A_WHILE));
  ck_assert_int_ne (access (path, F_OK), 0);
}
END_TEST

TCase *
forks_tcase (void)
{
  TCase *tcase = tcase_create ("forks");

  tcase_add_checked_fixture (tcase, set_up_once, NULL);
  tcase_add_test (tcase, test_a_fork_is_a_sane_machine);
  tcase_add_test (tcase, test_another_server_forks_the_same_template);
  tcase_add_test (tcase, test_many_forks_at_once);
  tcase_add_test (tcase, test_reboot_in_a_fork);
  tcase_add_loop_test (tcase, test_a_damaged_template_is_made_anew, 0, 2);
  tcase_add_test (tcase, test_killed_while_it_makes_one);
  tcase_add_test (tcase, test_no_place_for_templates);
  tcase_add_test (tcase, test_nothing_is_left);
  return tcase;
}
