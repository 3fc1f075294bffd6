// SPDX-License-Identifier: GPL-2.0-or-later
/* Every guest that people have: one row, one case, for each (CK_RUN_CASE=NAME runs that alone). The
 * images are made when a row needs them, by $VQ_MAKE_GUEST (tests/guest/make-guest), and kept in
 * virt-qemu/guests in the user's cache. With VQ_GUESTS=quick only the rows that "make check" has
 * the time for are run. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cloud-checks.h"
#include "command.h"
#include "process.h"
#include "server-client.h"
#include "suite.h"

/* Seconds to make an image, and another one that it is made from, on a busy machine. */
#define MAKE_IMAGE 3000

/* Bytes to copy, and to send through a command. */
#define SIZE 200001

#define LARGER_DISK "--disk-size=12G"

#define PASSWORD "--password=it's \"secret\""

/* The guest boots a second time. */
#define SEEDED "trying again with a cloud-init seed"

/* Some guests do not switch their network card on. */
#define NO_NETWORK "no network address"

typedef struct
{
  const char *guest;     /* as make-guest knows it; the row's name, unless NAME is set */
  const char *extension; /* NULL: the image that all other tests use */
  gboolean quick;
  const char *arguments[9]; /* what a user has to say, besides the image */
  const char *name;
  const char *remark; /* what each line that the server says has in it; NULL: it says nothing */
  const char *unit;   /* a service for systemd's multi-user.target to wait for; NULL: none */
  void (*check) (Server *server); /* another than the usual test; NULL: none */
  gboolean fails;                 /* the server has ended after that */
} Row;

static void check_reboots (Server *server);
static void check_first_boots (Server *server);
static void check_reboot_loop (Server *server);
static void check_two_servers (Server *server);
static void check_user_session (Server *server);
static void check_lvm (Server *server);
static void check_sleeps (Server *server);
static void check_suspends (Server *server);

#define CLOUD "tests/guest/cloud-init/"

/* A unit that reboots the system, before it has booted, on CONDITION. */
#define REBOOT_IF(CONDITION)                                                                       \
  "[Service]\nType=oneshot\nTimeoutStartSec=infinity\n"                                            \
  "ExecStart=sh -c 'if " CONDITION "; then touch /var/once; sync; systemctl --no-block reboot; "   \
  "sleep 300; fi'\n"

static const Row rows[] = {
  /* the agent */
  { "debian-12-agent" },
  /* a root shell */
  { "debian-12", "qcow2" },
  { "debian-13", "qcow2" },
  { "debian-sid", "qcow2" },
  { "debian-12-bios", "qcow2", .arguments = { LARGER_DISK } },
  { "btrfs", "qcow2", .arguments = { LARGER_DISK } },
  { "sysvinit", "qcow2" },
  { "mean", "qcow2", .quick = TRUE, .remark = NO_NETWORK },
  /* a login prompt */
  { "login-open", "qcow2", .remark = NO_NETWORK },
  { "login", "qcow2", .arguments = { PASSWORD }, .name = "login-root", .remark = NO_NETWORK },
  { "login", "qcow2", .arguments = { "--user=tester", PASSWORD }, .name = "login-user",
    .remark = NO_NETWORK },
  /* nothing that we know */
  { "cloud", "qcow2", .remark = SEEDED },
  /* what users want of cloud-init */
  { "cloud", "qcow2", .name = "cloud-keys", .remark = SEEDED, .check = cloud_check_keys,
    .arguments = { "--user-data=" CLOUD "keys.yaml" } },
  { "debian-12-cloud", "qcow2", .name = "cloud-seed", .check = cloud_check_seed,
    .arguments = { "--user-data=" CLOUD "setup.yaml", "--user-data=" CLOUD "test-script",
                   "--user-data=" CLOUD "test.yaml", "--meta-data=" CLOUD "metadata.yaml",
                   "--meta-data=" CLOUD "more-metadata.yaml", "--set=branch=main",
                   "--cdrom-file=test.sh=" CLOUD "test.sh",
                   "--cdrom-file=a file=" CLOUD "more-metadata.yaml" } },
  { "debian-12-cloud", "qcow2", .name = "cloud-reboots", .check = cloud_check_reboot,
    .arguments = { "--user-data=" CLOUD "reboots.yaml", "--timeout-reboot=700" } },
  { "debian-12-cloud", "qcow2", .name = "cloud-fails", .check = cloud_check_failure,
    .arguments = { "--user-data=" CLOUD "fails.yaml" }, .fails = TRUE },
  { "debian-12-cloud", "qcow2", .name = "cloud-endless", .check = cloud_check_endless,
    .arguments = { "--user-data=" CLOUD "endless.yaml", "--timeout-reboot=240" }, .fails = TRUE },
  { "debian-12-cloud", "qcow2", .name = "cloud-powers-off", .check = cloud_check_power_off,
    .arguments = { "--user-data=" CLOUD "powers-off.yaml" }, .fails = TRUE },
  /* kinds of files */
  { "raw", "raw" },
  { "backed", "qcow2" },
  { "vmdk", "vmdk", .remark = "QEMU does not save machines with vmdk images" },
  /* boots that do not end by the book */
  { "debian-13-agent", "qcow2", .arguments = { "--timeout-reboot=100" }, .name = "never-ends",
    .remark = "test.service/start",
    .unit = "[Service]\nType=oneshot\nTimeoutStartSec=infinity\nExecStart=sleep infinity\n" },
  /* reboots of other kinds than "reboot" */
  { "debian-13-agent", "qcow2", .name = "reboots", .check = check_reboots },
  { "debian-13-agent", "qcow2", .name = "sleeps", .check = check_sleeps },
  { "debian-13-agent", "qcow2", .name = "suspends", .check = check_suspends,
    .remark = "the guest suspended itself" },
  { "debian-13-agent", "qcow2", .name = "first-boots", .check = check_first_boots,
    .unit = REBOOT_IF ("[ ! -e /var/once ]") },
  { "debian-13-agent", "qcow2", .name = "first-boots-late", .check = check_first_boots,
    .unit = "[Service]\nType=oneshot\nKillMode=process\nExecStart=sh -c '[ -e /var/once ] || { "
            "touch /var/once; mkdir /run/cloud-init; echo \"sleep 5; systemctl reboot\" "
            ">/var/cloud-init; setsid sh /var/cloud-init & }'\n" },
  { "debian-13-agent", "qcow2", .name = "reboot-loop", .check = check_reboot_loop, .fails = TRUE,
    .unit = REBOOT_IF ("true") },
  { "debian-13-agent", "qcow2", .arguments = { "--timeout-reboot=200" }, .name = "first-boot",
    .remark = "systemd-firstboot",
    .unit = "[Unit]\nDefaultDependencies=no\nAfter=local-fs.target\nBefore=sysinit.target\n"
            "[Service]\nType=oneshot\nStandardInput=tty-force\nStandardOutput=tty\n"
            "TTYPath=/dev/console\nExecStart=systemd-firstboot --force --prompt-timezone\n" },
  /* two servers that need the same template, which takes longer than a boot may */
  { "debian-12-agent",
    .arguments = { "--timeout-reboot=100", "--template-script=tests/guest/busy-script.sh" },
    .name = "two-servers", .check = check_two_servers },
  /* the template script that README recommends */
  { "debian-12-agent",
    .arguments = { "--template-script=contrib/template-scripts/user-session.sh" },
    .name = "user-session", .check = check_user_session },
  /* LVM, with the base image */
  { "lvm", "qcow2", .check = check_lvm },
  /* other processors */
  { "arm64", "qcow2", .arguments = { "--dpkg-architecture=arm64" } },
  { "riscv64", "qcow2", .arguments = { "--dpkg-architecture=riscv64", LARGER_DISK } },
  { "s390x", "qcow2", .arguments = { "--dpkg-architecture=s390x", LARGER_DISK } },
};

static char *dir; /* on the host, for what is copied */
static const Row *row_under_test;

static void
setup (void)
{
  dir = g_strdup ("/tmp/vq-guests.XXXXXX");
  ck_assert_ptr_nonnull (g_mkdtemp (dir));
}

static void
teardown (void)
{
  server_free_all ();
  process_remove_tree (dir);
  g_clear_pointer (&dir, g_free);
}

/* Its path. Transfer full. */
static char *
make_image (const Row *row)
{
  const char *program = g_getenv ("VQ_MAKE_GUEST");
  g_autofree char *name = g_strconcat (row->guest, ".", row->extension, NULL);
  g_autofree char *path
      = g_build_filename (g_get_user_cache_dir (), "virt-qemu", "guests", name, NULL);
  const char *argv[] = { program != NULL ? program : "tests/guest/make-guest", "--if-needed",
                         row->guest, path, NULL };

  if (row->extension == NULL)
    return g_strdup (server_get_image ());
  g_free (process_output (argv, MAKE_IMAGE));
  return g_steal_pointer (&path);
}

/* Gives systemd the credential NAME, which SMBIOS brings into the guest. */
static void
add_credential (GString *options, const char *name, const char *text)
{
  g_autofree char *encoded = g_base64_encode ((const guchar *)text, strlen (text));

  g_string_append_printf (options, " -smbios type=11,value=io.systemd.credential.binary:%s=%s",
                          name, encoded);
}

/* The option that brings UNIT into a guest with systemd 256 or later. Transfer full. */
static char *
build_unit_option (const char *unit)
{
  g_autoptr (GString) options = g_string_new ("--qemu-options=");

  add_credential (options, "systemd.extra-unit.test.service", unit);
  add_credential (options, "systemd.unit-dropin.multi-user.target", "[Unit]\nWants=test.service\n");
  return g_strdup (options->str);
}

/* It boots: a template of another run, or row, would spare it that. */
static Server *
start_server (const Row *row, const char *image)
{
  g_autofree char *templates = g_strdup_printf ("--template-dir=%s/templates", dir);
  const char *words[G_N_ELEMENTS (row->arguments) + 5] = { "--accel=tcg", templates };
  g_autofree char *unit = row->unit != NULL ? build_unit_option (row->unit) : NULL;
  g_autofree char *line = NULL;
  Server *server;
  int n = 2;

  for (const char *const *word = row->arguments; *word != NULL; word++)
    words[n++] = *word;
  if (unit != NULL)
    words[n++] = unit;
  words[n++] = image;
  server = server_start (&(ServerSetup){ .arguments = words, .terminal = TRUE });
  line = server_read_line (server, A_WHILE);
  ck_assert_str_eq (line, "ok");
  return server;
}

/* ---- what every guest must do ---- */

/* Bytes of all kinds into "cat" and out of it. */
static void
check_streams (Server *server)
{
  g_autofree char *bytes = g_malloc (SIZE);
  g_autoptr (Command) command = NULL;
  int in = process_new_file ();

  for (gsize i = 0; i < SIZE; i++)
    bytes[i] = (char)(i * i / 7);
  ck_assert_int_eq (write (in, bytes, SIZE), SIZE);
  ck_assert_int_eq (lseek (in, 0, SEEK_SET), 0);
  command = command_start (server, (const char *[]){ "cat", NULL }, in);
  close (in);
  command_wait (command, A_WHILE);
  ck_assert_int_eq (command->status, 0);
  ck_assert_uint_eq (command->length, SIZE);
  ck_assert_int_eq (memcmp (command->out, bytes, SIZE), 0);
}

static void
check_end (Server *server, const char *script, int status, const char *err)
{
  g_autoptr (Command) command = command_start_script (server, script);

  command_wait (command, A_WHILE);
  ck_assert_msg (command->status == status && strcmp (command->err, err) == 0,
                 "status %d, stderr `%s' of: %s", command->status, command->err, script);
}

static void
check_commands (Server *server)
{
  guest_expect (server, "echo hello", "hello");
  guest_expect (server, "id -u; id -g", "0\n0");
  guest_expect (server, "umask; pwd >/dev/null; echo \"$HOME\"", "0022\n/root");
  check_end (server, "echo trouble >&2; exit 7", 7, "trouble\n");
  check_end (server, "kill -KILL $$", 128 + 9, "");
  check_streams (server);
}

/* If the disk is to be larger than its image, the root file system is. */
static void
check_disk_size (Server *server)
{
  if (g_strv_contains (row_under_test->arguments, LARGER_DISK))
    guest_expect (server, "[ $(df -k --output=size / | tail -n 1) -gt 11000000 ] && echo larger",
                  "larger");
}

/* $1 is an empty directory. */
static const char make_tree[]
    = "cd \"$1\" && umask 022 && mkdir tree && cd tree\n"
      "mkdir -p empty sub/deep; echo hello >plain; : >zero; chmod 600 plain\n"
      "printf '#!/bin/sh\\n' >sub/program; chmod 755 sub/program\n"
      "ln -s plain link; ln -s /nowhere dangling; echo x >'with space'; seq 50000 >sub/deep/long\n";

/* All that must arrive, one line for each file. */
static const char describe_tree[]
    = "cd \"$1\" && LC_ALL=C find . -mindepth 1 -printf '%P|%y|%m|%l|' "
      "\\( -type f -exec md5sum {} \\; -o -printf '\\n' \\) | LC_ALL=C sort";

static char *
on_host (const char *script, const char *argument)
{
  return process_output ((const char *[]){ "sh", "-euc", script, "sh", argument, NULL }, A_WHILE);
}

static void
expect_copy (Server *server, const char *command, const char *from, const char *to)
{
  g_autofree char *reply = server_copy (server, command, from, to);
  g_autofree char *err = server_get_stderr (server);

  ck_assert_msg (strcmp (reply, "ok") == 0, "%s %s %s: %s; stderr: %s", command, from, to, reply,
                 err);
}

static void
check_file_copies (Server *server)
{
  g_autofree char *bytes = g_strnfill (SIZE, 'x');
  g_autofree char *from = g_build_filename (dir, "file", NULL);
  g_autofree char *to = g_build_filename (dir, "back", NULL);
  g_autofree char *guest = g_build_filename (server_get_scratch (server), "a file", NULL);
  g_autofree char *back = NULL;
  gsize length;

  bytes[SIZE / 2] = '\0';
  ck_assert (g_file_set_contents (from, bytes, SIZE, NULL));
  expect_copy (server, "copydown", from, guest);
  expect_copy (server, "copyup", guest, to);
  ck_assert (g_file_get_contents (to, &back, &length, NULL));
  ck_assert_uint_eq (length, SIZE);
  ck_assert_int_eq (memcmp (back, bytes, SIZE), 0);
}

static void
check_tree_copies (Server *server)
{
  g_autofree char *made = on_host (make_tree, dir);
  g_autofree char *from = g_build_filename (dir, "tree/", NULL);
  g_autofree char *to = g_build_filename (dir, "tree-back/", NULL);
  g_autofree char *guest = g_build_filename (server_get_scratch (server), "tree/", NULL);
  g_autofree char *before = on_host (describe_tree, from);
  g_autofree char *after = NULL;
  const char *argv[] = { "sh", "-c", describe_tree, "sh", guest, NULL };
  g_autoptr (Command) command = NULL;

  expect_copy (server, "copydown", from, guest);
  command = command_start (server, argv, -1);
  command_wait (command, A_WHILE);
  ck_assert_int_eq (command->status, 0);
  ck_assert_str_eq (command->out, before);
  expect_copy (server, "copyup", guest, to);
  after = on_host (describe_tree, to);
  ck_assert_str_eq (after, before);
}

/* What the disk and the memory got is gone, the scratch directory is there, empty. */
static void
check_revert (Server *server)
{
  g_autofree char *scratch = g_strdup (server_get_scratch (server));
  g_autofree char *list = g_strdup_printf ("ls -A %s; stat -c %%a %s", scratch, scratch);

  guest_expect (server, "echo new >/home/new; echo new >/run/new; sync; cat /home/new /run/new",
                "new\nnew");
  server_open (server, "revert");
  ck_assert_str_eq (server_get_scratch (server), scratch);
  guest_expect (server, list, "777");
  guest_expect (server, "ls -d /home/new /run/new 2>/dev/null; echo end", "end");
}

#define BOOT_ID "cat /proc/sys/kernel/random/boot_id"

static void
check_reboot (Server *server)
{
  const char *scratch = server_get_scratch (server);
  g_autofree char *fill
      = g_strdup_printf ("cd %s && mkdir sub && echo kept >'sub/a file' && chown 1000 sub "
                         "&& chmod 750 sub && ln -s sub link && echo new >/run/new",
                         scratch);
  g_autofree char *look
      = g_strdup_printf ("cd %s && LC_ALL=C find . -printf '%%P %%y %%m %%U %%l\\n' | "
                         "LC_ALL=C sort; cat link/*; ls /run/new 2>/dev/null || echo booted",
                         scratch);
  g_autofree char *boot = guest_output (server, BOOT_ID);
  g_autofree char *new_boot = NULL;

  guest_expect (server, fill, "");
  server_expect (server, BOOT, "reboot", "ok");
  new_boot = guest_output (server, BOOT_ID);
  ck_assert_str_ne (new_boot, boot);
  guest_expect (server, look,
                " d 777 0 \nlink l 777 0 sub\nsub d 750 1000 \nsub/a file f 644 0 \nkept\nbooted");
}

/* ---- reboots, however they come about ---- */

#define LATER(COMMAND) "setsid sh -c 'sleep 3; " COMMAND "' </dev/null >/dev/null 2>&1 &"
#define LOAD "kexec -l /vmlinuz --initrd=/initrd.img --reuse-cmdline; "
#define SYSRQ "sysctl -q kernel.sysrq=1 kernel.panic=3; "

static const struct
{
  const char *before; /* to run in the guest */
  const char *request;
  gboolean same_kernel; /* it goes on */
} reboots[] = {
  { LATER ("systemctl soft-reboot"), "reboot prepare-only", TRUE },
  { LOAD LATER ("systemctl kexec"), "reboot prepare-only" },
  { LOAD, "reboot" },
  { SYSRQ LATER ("echo c >/proc/sysrq-trigger"), "reboot prepare-only" },
};

static void
check_reboots (Server *server)
{
  g_autofree char *file = NULL;
  g_autofree char *list = NULL;

  server_open (server, "open");
  file = g_build_filename (server_get_scratch (server), "kept", NULL);
  list = g_strdup_printf ("cat %s", file);
  for (gsize i = 0; i < G_N_ELEMENTS (reboots); i++)
    {
      g_autofree char *fill = g_strdup_printf ("echo %zu >%s; %s", i, file, reboots[i].before);
      g_autofree char *kept = g_strdup_printf ("%zu", i);
      g_autofree char *boot = guest_output (server, BOOT_ID);
      g_autofree char *new_boot = NULL;

      guest_expect (server, fill, "");
      server_expect (server, BOOT, reboots[i].request, "ok");
      new_boot = guest_output (server, BOOT_ID);
      ck_assert_int_eq (strcmp (new_boot, boot) == 0, reboots[i].same_kernel);
      guest_expect (server, list, kept);
    }
}

/* ---- sleep, and clocks that jump ---- */

/* Each comes while data is under way. */
static const char *const disturbances[] = {
  "echo devices >/sys/power/pm_test; echo freeze >/sys/power/state; echo none >/sys/power/pm_test",
  "rtcwake -m mem -s 5 >/dev/null",
  "date -s '2040-01-01 00:00:00' >/dev/null",
  "date -s '2001-01-01 00:00:00' >/dev/null",
  "timedatectl set-ntp false; timedatectl set-time '2030-06-01 12:00:00'",
};

static void
check_sleeps (Server *server)
{
  server_open (server, "open");
  for (gsize i = 0; i < G_N_ELEMENTS (disturbances); i++)
    for (int way = 0; way < 2; way++)
      {
        g_autofree char *script = g_strconcat ("sleep 1; ", disturbances[i], " && echo done", NULL);
        g_autoptr (Command) disturbance = command_start_script (server, script);
        gint64 end = g_get_monotonic_time () + 4 * G_USEC_PER_SEC;

        do
          if (way == 0)
            check_commands (server);
          else
            check_file_copies (server);
        while (g_get_monotonic_time () < end);
        command_wait (disturbance, A_WHILE);
        ck_assert_str_eq (disturbance->out, "done\n");
      }
  check_tree_copies (server);
  check_revert (server);
  check_commands (server);
}

/* Nothing in the guest wakes it. */
static void
check_suspends (Server *server)
{
  server_open (server, "open");
  guest_expect (server, "echo before; echo mem >/sys/power/state; echo after", "before\nafter");
  check_commands (server);
  server_open (server, "revert");
  check_commands (server);
}

/* The template is of the second boot, and nothing waits for the first. */
static void
check_first_boots (Server *server)
{
  server_open (server, "open");
  guest_expect (server, "ls /var/once; systemctl is-system-running", "/var/once\nrunning");
  server_open (server, "revert");
  guest_expect (server, "ls /var/once", "/var/once");
}

static void
check_reboot_loop (Server *server)
{
  server_send (server, "open\n");
  server_expect_exit (server, 10 * BOOT, 12, 1, "rebooted again and again");
}

/* One of the two, whichever came second, has waited for the template, and told what for. Nothing is
 * at work in it. */
static void
check_two_servers (Server *server)
{
  g_autofree char *image = make_image (row_under_test);
  g_autoptr (Server) other = start_server (row_under_test, image);
  g_autofree char *boot = NULL;
  g_autofree char *err = NULL;
  g_autofree char *others_err = NULL;
  g_autofree char *both = NULL;

  server_send (server, "open\n");
  server_send (other, "open\n");
  server_finish_open (server);
  server_finish_open (other);
  boot = guest_output (server, BOOT_ID);
  server_open (other, "revert");
  guest_expect (other, BOOT_ID, boot);
  guest_expect (other, "ls /var/unlocked; pgrep -x perl || echo idle", "/var/unlocked\nidle");
  err = server_get_stderr (server);
  others_err = server_get_stderr (other);
  both = g_strconcat (err, others_err, NULL);
  ck_assert_msg (strstr (both, "(process ") != NULL && strstr (both, "template script") != NULL,
                 "stderr: %s", both);
}

/* ---- a template script ---- */

/* The user manager of the user that the server suggests runs in a new testbed, before anybody
 * logged in. */
static void
check_user_session (Server *server)
{
  server_open (server, "open");
  guest_expect (server, "systemctl is-active user@0.service user@$(id -u user).service",
                "active\nactive");
  guest_expect (server, "loginctl --no-legend list-sessions | wc -l", "0");
  server_open (server, "revert");
  guest_expect (server, "systemctl is-active user@0.service user@$(id -u user).service",
                "active\nactive");
}

/* ---- LVM ---- */

#define MAKE_GROUP                                                                                 \
  "exec 2>&1; pvcreate -qq -ff -y /dev/vda3; vgcreate -qq test /dev/vda3; "                        \
  "lvcreate -qq -y -n data -L 32M test"
#define GROUP_MIB 1 /* how much of the partition says what is in the group */

/* An image like IMAGE, but with what the guest of SERVER has at the beginning of its third
 * partition. Transfer full. */
static char *
make_lvm_image (Server *server, const char *image)
{
  g_autofree char *in_guest = g_build_filename (server_get_scratch (server), "group", NULL);
  g_autofree char *group = g_build_filename (dir, "group", NULL);
  char *path = g_build_filename (dir, "lvm.qcow2", NULL);
  g_autofree char *save = g_strdup_printf ("dd if=/dev/vda3 of=%s bs=1M count=%d iflag=direct "
                                           "2>/dev/null; cat /sys/class/block/vda3/start",
                                           in_guest, GROUP_MIB);
  g_autofree char *start = guest_output (server, save);
  g_autofree char *write = g_strdup_printf ("write -q -s %s %" G_GINT64_FORMAT " %dM", group,
                                            g_ascii_strtoll (start, NULL, 10) * 512, GROUP_MIB);

  expect_copy (server, "copyup", in_guest, group);
  g_free (process_output ((const char *[]){ "qemu-img", "create", "-q", "-f", "qcow2", "-F",
                                            "qcow2", "-b", image, path, NULL },
                          A_WHILE));
  g_free (process_output ((const char *[]){ "qemu-io", "-c", write, path, NULL }, A_WHILE));
  return path;
}

/* The base image has a physical volume with the same UUID as the guest's own disk. */
static void
check_lvm (Server *server)
{
  g_autofree char *image = make_image (row_under_test);
  g_autofree char *directory = g_path_get_dirname (image);
  g_autofree char *allow = g_strconcat ("--allow-backing=", directory, NULL);
  g_autofree char *line = NULL;
  g_autofree char *with_group = NULL;
  g_autoptr (Server) other = NULL;

  server_open (server, "open");
  guest_expect (server, MAKE_GROUP, "");
  with_group = make_lvm_image (server, image);
  other = server_start (&(ServerSetup){
      .arguments = (const char *const[]){ "--accel=tcg", "--template=off", "--baseimage", allow,
                                          with_group, NULL } });
  line = server_read_line (other, A_WHILE);
  ck_assert_str_eq (line, "ok");
  server_open (other, "open");
  guest_expect (other, "cd /dev; ls vdb vdb1 vdb2; ls vdb3 2>/dev/null || readlink baseimage",
                "vdb\nvdb1\nvdb2\nvdb");
  guest_expect (other, "exec 2>&1; echo $(vgs --noheadings -o vg_name,pv_name)", "test /dev/vda3");
  guest_expect (other, "exec 2>&1; lvcreate -qq -y -n more -L 32M test; ls /dev/test",
                "data\nmore");
}

/* Another remark would mean that a worse way than the one for this guest was taken. */
static void
check_remark (const Row *row, const char *err)
{
  g_auto (GStrv) lines = g_strsplit (err, "\n", -1);

  ck_assert_msg ((row->remark == NULL) == (err[0] == '\0'), "the server's stderr: %s", err);
  for (char **line = lines; *line != NULL && **line != '\0'; line++)
    ck_assert_msg (strstr (*line, row->remark) != NULL, "not `%s': %s", row->remark, err);
}

static void
check_close (const Row *row, Server *server)
{
  g_autofree char *err = NULL;

  server_expect (server, A_WHILE, "close", "ok");
  server_expect (server, SOON, "quit", "ok");
  ck_assert_int_eq (server_wait (server, SOON, 0), 0);
  err = server_get_stderr (server);
  check_remark (row, err);
}

/* Some of them take minutes: who waits may want to know. */
static void
tell_time (const Row *row, gint64 start)
{
  fprintf (stderr, "check_guests: %s: %" G_GINT64_FORMAT " s\n",
           row->name != NULL ? row->name : row->guest,
           (g_get_monotonic_time () - start) / G_USEC_PER_SEC);
}

static void
check_guest (Server *server)
{
  server_open (server, "open");
  check_commands (server);
  check_disk_size (server);
  check_file_copies (server);
  check_tree_copies (server);
  check_revert (server);
  check_commands (server);
  check_reboot (server);
  check_commands (server);
}

static void
test_a_guest (int _i)
{
  const Row *row = &rows[_i];
  gint64 start = g_get_monotonic_time ();
  g_autofree char *image = make_image (row);
  g_autoptr (Server) server = start_server (row, image);

  row_under_test = row;
  if (row->check != NULL)
    row->check (server);
  else
    check_guest (server);
  if (!row->fails)
    check_close (row, server);
  tell_time (row, start);
}

/* A case for each guest, so that CK_RUN_CASE can choose one. */
SUITE_AT_START
{
  static const TTest test = { "test_a_guest", test_a_guest, __FILE__, __LINE__ };
  gboolean quick = suite_is_quick ();

  for (int i = 0; i < (int)G_N_ELEMENTS (rows); i++)
    if (!quick || rows[i].quick)
      suite_add_test (suite_begin_case (rows[i].name != NULL ? rows[i].name : rows[i].guest, setup,
                                        teardown, 0),
                      &test, i, i + 1);
}
