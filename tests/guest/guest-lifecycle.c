// SPDX-License-Identifier: GPL-2.0-or-later
#include <check.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "guest-tests.h"
#include "suite.h"
#include "process.h"

#define BOOT_ID "cat /proc/sys/kernel/random/boot_id"

/* Both need the scratch directory: the first fills it, the other tells what is in it. */
#define FILL                                                                                       \
  "cd %s && mkdir -p sub && echo kept >sub/file && chmod 640 sub/file && "                         \
  "chown 1000 sub/file && ln -sf file sub/link && touch 'a b'"
#define LOOK                                                                                       \
  "cd %s && LC_ALL=C find . -printf '%%P %%y %%m %%U %%l\\n' | LC_ALL=C sort; cat sub/file"

#define PORT "/dev/virtio-ports/org.debian.virt-qemu.helper"

/* A reboot by us, after which a service has the helper's port until it is killed, and the agent may
 * not run commands, as in RHEL; and one by the guest, as a test does it: it makes the mark, and
 * reboots when the mark has gone. This one resets the machine in that very moment. The driver of
 * the helper's port, the agent's and hvc1 is not loaded then, so ttyS1 is the way in. */
static const struct
{
  const char *before; /* to run in the guest */
  const char *request;
} reboots[] = {
  { "printf '[Unit]\\nDefaultDependencies=no\\n[Service]\\nExecStart=/bin/sh -c "
    "\"until [ -c " PORT " ]; do sleep 0.1; done; exec sleep infinity 3<>" PORT "\"\\n"
    "[Install]\\nWantedBy=sysinit.target\\n' >/etc/systemd/system/broken.service; "
    "systemctl -q enable broken; "
    "mkdir -p /etc/systemd/system/qemu-guest-agent.service.d; printf '[Service]\\nExecStart=\\n"
    "ExecStart=/usr/sbin/qemu-ga --block-rpcs=guest-exec,guest-exec-status\\n' "
    ">/etc/systemd/system/qemu-guest-agent.service.d/block.conf",
    "reboot" },
  { "echo blacklist virtio_console >/etc/modprobe.d/no-virtio-console.conf; sync; "
    "mark=/run/autopkgtest-reboot-prepare-mark; echo next >$mark; echo 1 >/proc/sys/kernel/sysrq; "
    "setsid sh -c \"while [ -e $mark ]; do :; done; echo b >/proc/sysrq-trigger\" "
    "</dev/null >/dev/null 2>&1 &",
    "reboot prepare-only" },
};

CASE ("lifecycle", NULL, NULL, 0)

TEST_LOOP (test_reboot_keeps_the_scratch_directory, 0, G_N_ELEMENTS (reboots))
{
  Server *server = shared_testbed ();
  g_autofree char *fill = g_strdup_printf (FILL, server_get_scratch (server));
  g_autofree char *look = g_strdup_printf (LOOK, server_get_scratch (server));
  g_autofree char *boot = guest_output (server, BOOT_ID);
  g_autofree char *before = NULL;
  g_autofree char *new_boot = NULL;

  guest_expect (server, fill, "");
  before = guest_output (server, look);
  guest_expect (server, reboots[_i].before, "");
  server_expect (server, BOOT, reboots[_i].request, "ok");
  new_boot = guest_output (server, BOOT_ID);
  ck_assert_str_ne (new_boot, boot);
  guest_expect (server, look, before);
}

/* As clients do that do not let go of the test before it reboots. */
TEST (test_a_command_reboots_its_guest)
{
  Server *server = shared_testbed ();
  g_autofree char *boot = guest_output (server, BOOT_ID);
  g_autofree char *new_boot = NULL;
  g_autoptr (Command) command = NULL;

  guest_expect (server, "echo next >/run/autopkgtest-reboot-prepare-mark", "");
  command = command_start_script (
      server, "while [ -e /run/autopkgtest-reboot-prepare-mark ]; do sleep 0.05; done; echo out; "
              "systemctl reboot; sleep 400");
  server_expect (server, BOOT, "reboot prepare-only", "ok");
  command_wait (command, A_WHILE);
  ck_assert_str_eq (command->out, "out\n");
  ck_assert_int_ne (command->status, 0);
  new_boot = guest_output (server, BOOT_ID);
  ck_assert_str_ne (new_boot, boot);
}

TEST (test_revert_undoes_everything)
{
  Server *server = shared_testbed ();
  g_autofree char *scratch = g_strdup (server_get_scratch (server));
  g_autofree char *fill = g_strdup_printf (FILL, scratch);
  g_autofree char *list = g_strdup_printf ("ls -A %s; stat -c %%a %s", scratch, scratch);

  guest_expect (server, fill, "");
  guest_expect (server, "echo new >/new; echo new >/var/tmp/new; rm /etc/hostname; sync", "");
  server_open (server, "revert");
  ck_assert_str_eq (server_get_scratch (server), scratch);
  guest_expect (server, list, "777");
  guest_expect (server, "ls -d /new /var/tmp/new 2>/dev/null; ls /etc/hostname", "/etc/hostname");
}

static void
expect_lost (Command *command, double seconds, const char *hint)
{
  command_wait (command, seconds);
  ck_assert_int_eq (command->status, 255);
  ck_assert_msg (strstr (command->err, hint) != NULL
                     && strchr (command->err, '\n') == strrchr (command->err, '\n'),
                 "not one line with `%s': %s", hint, command->err);
}

TEST (test_death_of_qemu)
{
  Server *server = shared_testbed ();
  g_autofree char *scratch = g_strdup (server_get_scratch (server));
  g_autoptr (Command) command = command_start_waiting (server);
  g_autoptr (Command) late = NULL;
  pid_t qemu = process_find_child (server_get_pid (server), "qemu-system");
  g_autofree char *reply = NULL;

  ck_assert_int_gt (qemu, 0);
  ck_assert_int_eq (kill (qemu, SIGKILL), 0);
  expect_lost (command, SOON, "killed by signal 9");
  late = command_start_script (server, "true");
  expect_lost (late, SOON, "killed by signal 9");
  reply = server_copy (server, "copyup", "/etc/passwd", "/dev/null");
  ck_assert_str_eq (reply, "copy-failed");
  server_expect (server, SOON, "auxverb_debug_fail", "ok");
  server_open (server, "revert");
  ck_assert_str_eq (server_get_scratch (server), scratch);
  guest_expect (server, "echo alive", "alive");
}

static const struct
{
  const char *script;
  const char *hint;
} ends[] = {
  { "sync; systemctl poweroff --force --force", "the guest powered itself off" },
  { "echo 1 >/proc/sys/kernel/sysrq; echo c >/proc/sysrq-trigger", "the guest's kernel panicked" },
};

TEST_LOOP (test_end_that_nobody_asked_for, 0, G_N_ELEMENTS (ends))
{
  Server *server = shared_testbed ();
  g_autofree char *scratch = g_strdup (server_get_scratch (server));
  g_autoptr (Command) command = command_start_waiting (server);
  g_autoptr (Command) end = command_start_script (server, ends[_i].script);

  expect_lost (command, A_WHILE, ends[_i].hint);
  command_wait (end, SOON);
  server_expect (server, SOON, "close", "ok");
  ck_assert_int_eq (process_find_child (server_get_pid (server), ""), 0);
  server_open (server, "open");
  ck_assert_str_eq (server_get_scratch (server), scratch);
}
