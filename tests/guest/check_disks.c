// SPDX-License-Identifier: GPL-2.0-or-later
/* What a testbed has besides its disk: further images, the base image, directories of the host. One
 * server, whose testbed is opened, reverted and rebooted; all is as it was each time. */
#include <check.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"
#include "process.h"
#include "server-client.h"
#include "suite.h"

#define RAW_SIZE (3 * 1024 * 1024)

static char *directory; /* of everything that is ours */
static Server *server;

static char *
in_directory (const char *name)
{
  return g_build_filename (directory, name, NULL);
}

/* A raw image with a name that QEMU could take for more, and one that only QEMU can read. */
static void
make_images (void)
{
  g_autofree char *raw = in_directory ("second,format=qcow2");
  g_autofree char *other = in_directory ("third.qcow2");
  g_autofree char *contents = g_strnfill (RAW_SIZE, '3');

  ck_assert (g_file_set_contents (raw, contents, RAW_SIZE, NULL));
  g_free (process_output (
      (const char *[]){ "qemu-img", "convert", "-f", "raw", "-O", "qcow2", raw, other, NULL },
      A_WHILE));
  memset (contents, '2', RAW_SIZE);
  contents[0] = 'A';
  ck_assert (g_file_set_contents (raw, contents, RAW_SIZE, NULL));
}

static void
make_directories (void)
{
  g_autofree char *given = in_directory ("given, to read");
  g_autofree char *file = in_directory ("given, to read/file");
  g_autofree char *taken = in_directory ("taken");

  ck_assert_int_eq (g_mkdir (given, 0755), 0);
  ck_assert_int_eq (g_mkdir (taken, 0755), 0);
  ck_assert_int_eq (g_chmod (taken, 01777), 0);
  ck_assert (g_file_set_contents (file, "from the host\n", -1, NULL));
}

/* Only some tests want it, but each may be the first that is run. */
static void
set_up_once (void)
{
  g_autofree char *raw = NULL;
  g_autofree char *other = NULL;
  g_autofree char *given = NULL;
  g_autofree char *taken = NULL;
  g_autofree char *line = NULL;

  if (server != NULL)
    return;
  directory = g_dir_make_tmp ("vq-disks-XXXXXX", NULL);
  ck_assert_ptr_nonnull (directory);
  make_images ();
  make_directories ();
  raw = in_directory ("second,format=qcow2");
  other = in_directory ("third.qcow2");
  given = g_strdup_printf ("--shared-dir=src=%s/given, to read,dst=/mnt/given by the host",
                           directory);
  taken = g_strdup_printf ("--shared-dir=src=%s/taken,dst=/srv/taken,rw", directory);
  server = server_start (&(ServerSetup){
      .arguments = (const char *const[]){ "--accel=tcg", "--ram-size=1024", "--baseimage", given,
                                          taken, server_get_image (), raw, other, NULL } });
  line = server_read_line (server, A_WHILE);
  ck_assert_str_eq (line, "ok");
  server_open (server, "open");
}

static void
expect_disks (void)
{
  guest_expect (server, "cd /sys/block; for d in vd?; do echo $d $(cat $d/ro $d/serial); done",
                "vda 0\nvdb 1\nvdc 1\nvdd 1 BASEIMAGE");
  guest_expect (server, "head -c 3 /dev/vdb; echo; head -c 3 /dev/vdc; echo", "A22\n333");
  guest_expect (server, "blockdev --getsize64 /dev/vdb /dev/vdc", "3145728\n3145728");
  for (const char *disk = "bcd"; *disk != '\0'; disk++)
    {
      g_autofree char *script = g_strdup_printf (
          "dd if=/dev/zero of=/dev/vd%c bs=512 count=1 conv=fsync 2>/dev/null && echo written || :",
          *disk);

      guest_expect (server, script, "");
    }
  guest_expect (server, "head -c 3 /dev/vdb", "A22");
}

/* The image itself, for everybody, and nobody takes it for the disk that it is a copy of. */
static void
expect_baseimage (void)
{
  g_autofree char *first = process_output (
      (const char *[]){ "sh", "-c",
                        "qemu-img dd -U -O raw bs=1M count=1 \"if=$1\" \"of=$2/first\" && "
                        "sha256sum <\"$2/first\"; rm -f \"$2/first\"",
                        "sh", server_get_image (), directory, NULL },
      A_WHILE);

  guest_expect (server, "readlink /dev/baseimage", "vdd");
  guest_expect (server, "head -c 1048576 /dev/baseimage | sha256sum", g_strchomp (first));
  guest_expect (server,
                "setpriv --reuid=1000 --regid=1000 --clear-groups head -c 1 /dev/baseimage | wc -c",
                "1");
  guest_expect (server,
                "find /dev/disk -lname '*/vdd*' | "
                "grep -E '/by-(uuid|label|partuuid|partlabel)/' || :",
                "");
  guest_expect (server, "ls /dev/disk/by-uuid | wc -l; ls /dev/vdd1 /dev/vdd2",
                "2\n/dev/vdd1\n/dev/vdd2");
  guest_expect (server,
                "udevadm info --query=property /dev/vdd2 | grep -e ^ID_FS_TYPE= -e ^ID_FS_USAGE= "
                "|| blkid -p -o value -s TYPE /dev/vdd2",
                "ext4");
  guest_expect (server, "systemctl is-system-running", "running");
}

static void
expect_shared_dirs (void)
{
  guest_expect (server, "cat '/mnt/given by the host/file'", "from the host");
  guest_expect (server, "touch '/mnt/given by the host/new' 2>/dev/null && echo written || :", "");
  guest_expect (server, "grep -c ' 9p ' /proc/1/mounts", "2");
}

/* Reads the first word of its stdin into the file $ARGV[0], which is mapped into its memory with
 * MAP_SHARED. The guest has no other language for that. */
#define MAP_FILE                                                                                   \
  "perl -e 'open F, q(+<), $ARGV[0] or die; $at = syscall (9, 0, 4096, 3, 1, fileno (F), 0);"      \
  "$at > 0 or die qq(mmap: $!); syscall (0, 0, $at, 6) == 6 or die qq(read: $!);"                  \
  "syscall (11, $at, 4096)'"

/* As SQLite does. */
static void
expect_shared_mapping (void)
{
  g_autofree char *path = in_directory ("taken/mapped");
  g_autofree char *contents = NULL;

  guest_expect (
      server,
      "exec 2>&1; cd /srv/taken; echo 'nobody was here' >mapped; printf MAPPED | " MAP_FILE
      " mapped; cat mapped",
      "MAPPED was here");
  ck_assert (g_file_get_contents (path, &contents, NULL, NULL));
  ck_assert_str_eq (contents, "MAPPED was here\n");
}

static void
expect_owner (const char *name, uid_t owner)
{
  g_autofree char *path = in_directory (name);
  g_autofree char *contents = NULL;
  struct stat st;

  ck_assert_int_eq (stat (path, &st), 0);
  ck_assert_uint_eq (st.st_uid, geteuid () == 0 ? owner : geteuid ());
  ck_assert (g_file_get_contents (path, &contents, NULL, NULL));
  ck_assert_str_eq (contents, "from the guest\n");
  ck_assert_int_eq (unlink (path), 0);
}

/* In a user's name, if the server may give files away. */
static void
expect_writing (void)
{
  guest_expect (
      server,
      "cd /srv/taken; echo from the guest >root; "
      "setpriv --reuid=1000 --regid=1000 --clear-groups sh -c 'echo from the guest >user'",
      "");
  expect_owner ("taken/root", 0);
  expect_owner ("taken/user", 1000);
}

static void
expect_all (void)
{
  expect_disks ();
  expect_baseimage ();
  expect_shared_dirs ();
  expect_shared_mapping ();
  expect_writing ();
}

CASE ("disks", set_up_once, NULL, 0)

TEST (test_all_is_there_after_open)
{
  expect_all ();
}

TEST (test_all_is_there_after_revert)
{
  guest_expect (server, "rm /run/udev/rules.d/*baseimage*; umount /srv/taken; echo mine >/mine",
                "");
  server_open (server, "revert");
  guest_expect (server, "ls /mine 2>/dev/null || :", "");
  expect_all ();
}

TEST (test_all_is_there_after_reboot)
{
  server_expect (server, BOOT, "reboot", "ok");
  expect_all ();
}

/* A test that reboots by itself: when it may, the base image has gone already. */
TEST (test_baseimage_goes_before_a_test_reboots)
{
  static const char before[] = "mark=/run/autopkgtest-reboot-prepare-mark; echo next >$mark; "
                               "setsid sh -c \"while [ -e $mark ]; do sleep 0.1; done; "
                               "ls /dev/baseimage /dev/vdd >/var/tmp/list 2>&1; systemctl reboot\" "
                               "</dev/null >/dev/null 2>&1 &";

  guest_expect (server, before, "");
  server_expect (server, BOOT, "reboot prepare-only", "ok");
  guest_expect (server, "grep -c 'No such file' /var/tmp/list", "2");
  expect_all ();
}

TEST (test_nothing_is_left)
{
  g_autofree char *path = g_steal_pointer (&directory);

  server_expect (server, A_WHILE, "close", "ok");
  server_expect (server, SOON, "quit", "ok");
  ck_assert_int_eq (server_wait (server, SOON, SOON), 0);
  g_clear_pointer (&server, server_free);
  process_remove_tree (path);
}

void
suite_finish (void)
{
  server_free_all ();
}
