// SPDX-License-Identifier: GPL-2.0-or-later
/* Templates, and testbeds that are forks of them. A directory of templates of our own shows what is
 * in it after each step; the template is made once, of a guest whose clock is years off. */
#include <check.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"
#include "process.h"
#include "server-client.h"
#include "suite.h"

/* Seconds that the clocks of guest and host may differ, with a command between. */
#define CLOCK_SLACK 20

/* What a testbed that does nothing may have in memory besides the template. */
#define MAX_PRIVATE_MIB 120

/* Timers that are due once in a while: in the years that the clock jumps over, often. One of them
 * makes up for what it has missed, and has a name that needs care in a shell. Something called cron
 * tells when it begins. */
#define PERSISTENT "'often\\x2dmore.timer'"
static const char timer_script[]
    = "#!/bin/sh -e\n"
      "date -s 2020-02-20 >/dev/null\n"
      "d=/etc/systemd/system\n"
      "printf '[Service]\\nType=oneshot\\nExecStart=/bin/touch /run/fired\\n' >$d/often.service\n"
      "printf '[Timer]\\nOnCalendar=monthly\\n' >$d/often.timer\n"
      "printf '[Service]\\nType=oneshot\\nExecStart=/bin/touch /run/fired-more\\n' "
      ">$d/'often\\x2dmore.service'\n"
      "printf '[Timer]\\nOnCalendar=hourly\\nPersistent=true\\n' >$d/" PERSISTENT "\n"
      "printf '[Service]\\nExecStart=/bin/sh -c \"date +%%%%Y >>/run/began; exec sleep 9999\"\\n' "
      ">$d/cron.service\n"
      "systemctl daemon-reload\n"
      "systemctl start often.timer " PERSISTENT " cron.service\n"
      "until [ -e /run/began ]; do sleep 0.1; done\n"
      "date +%Y >/made-in\n"
      "echo the script was here >&2\n";

static char *directory; /* of everything that is ours */
static char *templates; /* the option that names the templates' directory */
static char *script;    /* the option that names the script */
static const char disk_size[] = "--disk-size=20G";

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
      &(ServerSetup){ .arguments = (const char *const[]){ templates, script, disk_size, NULL } });
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

/* The timers run and nothing has come of it, nor is under way. */
static void
expect_no_timer_fired (Server *server)
{
  guest_expect (server,
                "systemctl start often.timer " PERSISTENT "; "
                "systemctl is-active often.timer " PERSISTENT,
                "active\nactive");
  guest_expect (server,
                "while systemctl list-jobs --no-legend | grep -q often; do sleep 0.1; done; "
                "ls /run | grep fired || :",
                "");
}

/* cron, or what has its name, has not seen the clock change. */
static void
expect_cron_began_twice (Server *server)
{
  guest_expect (server,
                "systemctl start cron.service; "
                "until [ $(wc -l </run/began) = 2 ]; do sleep 0.1; done; "
                "head -n 1 /run/began; tail -n 1 /run/began | grep -c 2020 || :",
                "2020\n0");
}

CASE ("forks", set_up_once, NULL, 0)

/* The first open makes the template; the guest that it gives is a fork already. */
TEST (test_a_fork_is_a_sane_machine)
{
  g_autoptr (Server) server = start ();
  g_autofree char *err = NULL;
  g_autofree char *found = NULL;

  server_open (server, "open");
  err = server_get_stderr (server);
  ck_assert_msg (strstr (err, "the script was here") != NULL, "no word of the script: %s", err);
  guest_expect (server, "test $(df --output=size / | tail -n 1) -gt 19000000 && echo large",
                "large");
  guest_expect (server, "cat /made-in", "2020");
  expect_clock_of_now (server);
  expect_no_timer_fired (server);
  expect_cron_began_twice (server);
  guest_expect (server, "systemctl is-active qemu-guest-agent", "active");
  found = list_templates ("*/template.json");
  ck_assert_ptr_nonnull (strstr (found, "template.json"));
  close_server (g_steal_pointer (&server));
}

#define RANDOM "head -c 16 /dev/urandom | od -An -tx1"

TEST (test_another_server_forks_the_same_template)
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

/* The MiB that SERVER's QEMU has for itself alone. */
static double
private_memory (Server *server)
{
  pid_t qemu = process_find_child (server_get_pid (server), "qemu-system");
  g_autofree char *path = g_strdup_printf ("/proc/%d/smaps_rollup", qemu);
  g_autofree char *text = NULL;
  double kib = 0;

  ck_assert (g_file_get_contents (path, &text, NULL, NULL));
  for (const char *line = strstr (text, "Private_"); line != NULL; line = strstr (line, "Private_"))
    {
      line += strcspn (line, ":");
      kib += strtod (line + 1, NULL);
    }
  return kib / 1024;
}

static void
open_at_once (Server **servers, guint n)
{
  for (guint i = 0; i < n; i++)
    servers[i] = start ();
  for (guint i = 0; i < n; i++)
    server_send (servers[i], "open\n");
  for (guint i = 0; i < n; i++)
    server_finish_open (servers[i]);
}

/* They run at once and know nothing of each other, but have most of their memory in common. */
TEST (test_many_forks_at_once)
{
  Server *servers[20];

  open_at_once (servers, G_N_ELEMENTS (servers));
  for (guint i = 0; i < G_N_ELEMENTS (servers); i++)
    {
      g_autofree char *write = g_strdup_printf ("echo %u >/number; sync", i);

      guest_expect (servers[i], write, "");
    }
  for (guint i = 0; i < G_N_ELEMENTS (servers); i++)
    {
      g_autofree char *expected = g_strdup_printf ("%u", i);

      guest_expect (servers[i], "cat /number", expected);
      ck_assert_double_lt (private_memory (servers[i]), MAX_PRIVATE_MIB);
    }
  for (guint i = 0; i < G_N_ELEMENTS (servers); i++)
    close_server (servers[i]);
}

TEST (test_reboot_in_a_fork)
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
TEST (test_a_damaged_template_is_made_anew)
{
  g_autoptr (Server) server = start ();
  g_autofree char *err = NULL;

  damage ("ram");
  server_open (server, "open");
  expect_clock_of_now (server);
  err = server_get_stderr (server);
  ck_assert_msg (strstr (err, "warning") != NULL && strstr (err, "template") != NULL, "%s", err);
  close_server (g_steal_pointer (&server));
}

/* What a killed server leaves while it makes a template (again, of a damaged one) is never used,
 * and goes. */
TEST (test_killed_while_it_makes_one)
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

/* What is said in each step of a fork. */
static const char *const fork_steps[] = { "debug: QEMU: ", "migrate-incoming", "hostfwd_add" };

TEST_LOOP (test_killed_while_it_forks, 0, G_N_ELEMENTS (fork_steps))
{
  const char *const arguments[] = { templates, script, disk_size, "--debug", NULL };
  Server *killed = server_start_on_image (&(ServerSetup){ .arguments = arguments });
  g_autoptr (Server) next = NULL;
  g_autofree char *err = NULL;

  server_send (killed, "open\n");
  server_wait_for_word (killed, fork_steps[_i]);
  ck_assert_int_eq (kill (server_get_pid (killed), SIGKILL), 0);
  server_wait (killed, SOON, SOON);
  server_free (killed);
  next = start ();
  server_open (next, "open");
  expect_clock_of_now (next);
  err = server_get_stderr (next);
  ck_assert_str_eq (err, "");
  close_server (g_steal_pointer (&next));
}

/* A QEMU that boots by BIOS what our image has. Its kernel comes from a testbed. */
static char *
make_bios_qemu (void)
{
  static const char *const names[] = { "vmlinuz", "initrd.img" };
  g_autoptr (Server) server = start ();
  g_autofree char *text = NULL;
  char *path = g_build_filename (directory, "qemu-bios", NULL);

  server_open (server, "open");
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *from = g_strconcat ("/", names[i], NULL);
      g_autofree char *to = g_build_filename (directory, names[i], NULL);
      g_autofree char *reply = server_copy (server, "copyup", from, to);

      ck_assert_str_eq (reply, "ok");
    }
  close_server (g_steal_pointer (&server));
  text = g_strdup_printf ("#!/bin/sh\nexec qemu-system-x86_64 -kernel %s/vmlinuz "
                          "-initrd %s/initrd.img -append 'root=LABEL=root rw quiet' \"$@\"\n",
                          directory, directory);
  ck_assert (g_file_set_contents_full (path, text, -1, G_FILE_SET_CONTENTS_NONE, 0755, NULL));
  return path;
}

/* An image of our own, on top of that of all tests. */
static char *
make_image (void)
{
  char *path = g_build_filename (directory, "image.qcow2", NULL);

  g_free (process_output ((const char *[]){ "qemu-img", "create", "-q", "-f", "qcow2", "-F",
                                            "qcow2", "-b", server_get_image (), path, NULL },
                          SOON));
  return path;
}

static Server *
start_bios (const char *qemu, const char *image)
{
  g_autofree char *command = g_strconcat ("--qemu-command=", qemu, NULL);
  g_autofree char *below = g_path_get_dirname (server_get_image ());
  g_autofree char *allow = g_strconcat ("--allow-backing=", below, NULL);
  const char *const arguments[]
      = { templates,        command,    "--boot=bios", "--accel=tcg", allow,
          "--ram-size=512", "--cpus=4", image,         NULL };
  Server *server = server_start (&(ServerSetup){ .arguments = arguments });
  g_autofree char *line = server_read_line (server, A_WHILE);

  ck_assert_str_eq (line, "ok");
  return server;
}

static void
expect_bios_machine (Server *server)
{
  guest_expect (server, "nproc; ls -d /sys/firmware/efi 2>/dev/null || :", "4");
  expect_clock_of_now (server);
}

/* What made the template changes: the next revert says so in one line, and is from a new one. */
static void
expect_another_template (Server *server, const char *image)
{
  g_autofree char *before = server_get_stderr (server);
  g_autofree char *expected = g_strdup_printf (
      "the template cannot be used, so another one is made: %s has been changed\n", image);
  g_autofree char *after = NULL;
  const char *line;

  ck_assert_int_eq (utimensat (AT_FDCWD, image, NULL, 0), 0);
  server_open (server, "revert");
  expect_bios_machine (server);
  after = server_get_stderr (server);
  line = after + strlen (before);
  ck_assert_msg (g_str_has_suffix (line, expected) && strchr (line, '\n')[1] == '\0',
                 "not one line: %s", line);
}

/* While a fork of it runs. */
TEST (test_bios_and_an_image_that_changes)
{
  g_autofree char *qemu = NULL;
  g_autofree char *image = NULL;
  g_autoptr (Server) server = NULL;
  g_autofree char *err = NULL;

  if (suite_is_quick ())
    SKIP ("only make check-forks has the time");
  qemu = make_bios_qemu ();
  image = make_image ();
  server = start_bios (qemu, image);
  server_open (server, "open");
  expect_bios_machine (server);
  server_expect (server, BOOT, "reboot", "ok");
  expect_bios_machine (server);
  server_open (server, "revert");
  expect_bios_machine (server);
  err = server_get_stderr (server);
  ck_assert_str_eq (err, "");
  expect_another_template (server, image);
  close_server (g_steal_pointer (&server));
}

/* After the last test: what we made is large. */
TEST (test_nothing_is_left)
{
  g_autofree char *path = g_strdup (directory);

  process_remove_tree (path);
  ck_assert_int_ne (access (path, F_OK), 0);
}

void
suite_finish (void)
{
  server_free_all ();
}
