// SPDX-License-Identifier: GPL-2.0-or-later
/* The disks of --disk in a guest: one server with a template, whose testbed is opened, reverted and
 * rebooted. */
#include <check.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "luks-qemu-img.h"
#include "process.h"
#include "server-client.h"
#include "suite.h"

/* The guest has no mkfs.xfs. */
#define FS "ext4"

#define IMAGE_SIZE (3 * 1024 * 1024)

static char *directory; /* of everything that is ours */
static Server *server;

/* A raw image full of one letter; its name has a comma. */
static char *
make_image (void)
{
  char *path = g_build_filename (directory, "an image,of a disk", NULL);
  g_autofree char *contents = g_strnfill (IMAGE_SIZE, 'i');

  ck_assert (g_file_set_contents (path, contents, IMAGE_SIZE, NULL));
  return path;
}

/* The same contents in a LUKS1 volume. */
static void
make_volume (const char *image)
{
  static const char script[] = LUKS_QEMU_IMG_SCRIPT
      "cd \"$1\"; printf 'the key' >key; luks_qemu_img convert -f raw -O luks "
      "--object secret,id=s,file=key -o key-secret=s,iter-time=10 \"file:$2\" volume";

  g_free (process_output ((const char *[]){ "sh", "-ec", script, "sh", directory, image, NULL },
                          A_WHILE));
}

static void
expect_image_is_unchanged (void)
{
  g_autofree char *path = g_build_filename (directory, "an image,of a disk", NULL);
  g_autofree char *contents = NULL;
  gsize length;

  ck_assert (g_file_get_contents (path, &contents, &length, NULL));
  ck_assert_uint_eq (length, IMAGE_SIZE);
  ck_assert_uint_eq (strspn (contents, "i"), IMAGE_SIZE);
}

/* Only some tests want it, but each may be the first that is run. */
static void
set_up_once (void)
{
  g_autofree char *image = NULL;
  g_autofree char *url = NULL;
  g_autofree char *clone = NULL;
  g_autofree char *attached = NULL;
  g_autofree char *late = NULL;
  g_autofree char *line = NULL;
  g_auto (GStrv) halves = NULL;

  if (server != NULL)
    return;
  directory = g_dir_make_tmp ("vq-more-disks-XXXXXX", NULL);
  ck_assert_ptr_nonnull (directory);
  image = make_image ();
  make_volume (image);
  halves = g_strsplit (image, ",", 2);
  url = g_strdup_printf ("--disk=name=filled,size=20,url=%s,,%s", halves[0], halves[1]);
  clone = g_strdup_printf ("--disk=action=clone,name=clone,parent=filled,cache=writethrough");
  attached
      = g_strdup_printf ("--disk=action=attach,read-only,url=file://%s,,%s", halves[0], halves[1]);
  late = g_strdup_printf ("--disk=name=late,action=clone,parent=%s/volume,parent-encrypt=luks1,"
                          "parent-secret=%s/key,encrypt=luks1",
                          directory, directory);
  server = server_start (&(ServerSetup){
      .arguments = (const char *const[]){
          "--accel=tcg", "--ram-size=1024", "--disks=1",
          "--disk=name=small,size=100,fs=ext4,mount=/srv/small disk", "--disk=type=block,size=1",
          url, clone, attached, late, "--disk=encrypt=luks1,size=40,fs=ext4,mount=/srv/hidden",
          server_get_image (), image, NULL } });
  line = server_read_line (server, A_WHILE);
  ck_assert_str_eq (line, "ok");
  server_open (server, "open");
}

static void
expect_disks (void)
{
  guest_expect (server,
                "cd /sys/block; for d in vd[b-j]; do echo $d $(cat $d/ro $d/size $d/serial); done",
                "vdb 0 20971520 disk1\nvdc 0 204800 small\nvdd 0 2048 disk3\n"
                "vde 0 40960 filled\nvdf 0 40960 clone\nvdg 1 6144 disk6\nvdh 1 6144\n"
                "vdi 0 6144 late\nvdj 0 81920 disk8");
  guest_expect (server, "readlink -f /dev/disk/by-id/virtio-disk1 /dev/disk/by-id/virtio-filled",
                "/dev/vdb\n/dev/vde");
  guest_expect (server, "cat /sys/block/vde/queue/write_cache /sys/block/vdf/queue/write_cache",
                "write back\nwrite through");
}

static void
expect_mounts (void)
{
  guest_expect (server, "findmnt -n -o SOURCE,FSTYPE /mnt/test_vdb | tr -s ' '", "/dev/vdb " FS);
  guest_expect (server, "findmnt -n -o SOURCE,FSTYPE '/srv/small disk' | tr -s ' '",
                "/dev/vdc ext4");
  guest_expect (server, "findmnt -n -o SOURCE,FSTYPE /srv/hidden | tr -s ' '", "/dev/vdj ext4");
  guest_expect (server, "findmnt -n /dev/vdd /dev/vde /dev/vdf /dev/vdi || :", "");
  guest_expect (server, "cd /mnt/test_b && pwd -P", "/mnt/test_vdb");
}

/* The first bytes of the disks that are not mounted. */
static void
expect_contents (const char *expected)
{
  guest_expect (server, "for d in d e f g i; do head -c 2 /dev/vd$d | tr '\\0' 0; done", expected);
}

CASE ("more disks", set_up_once, NULL, 0)

TEST (test_all_is_there_after_open)
{
  g_autofree char *said = server_get_stderr (server);
  g_auto (GStrv) parts = g_strsplit (said, "has no mkfs.xfs", -1);

  ck_assert_uint_eq (g_strv_length (parts), 2);
  expect_disks ();
  expect_mounts ();
  expect_contents ("00iiiiiiii");
}

TEST (test_what_is_written_goes_with_a_revert)
{
  guest_expect (
      server,
      "echo kept >/mnt/test_vdb/file; echo kept >'/srv/small disk/file'; "
      "for d in d e f i; do printf w | dd of=/dev/vd$d conv=notrunc,fsync 2>/dev/null; done",
      "");
  expect_contents ("w0wiwiiiwi");
  server_open (server, "revert");
  expect_disks ();
  expect_mounts ();
  expect_contents ("00iiiiiiii");
  guest_expect (server, "cat /mnt/test_vdb/file '/srv/small disk/file' 2>/dev/null || :", "");
}

TEST (test_what_is_written_outlives_a_reboot)
{
  guest_expect (
      server,
      "echo kept >/mnt/test_vdb/file; echo kept >'/srv/small disk/file'; "
      "echo kept >/srv/hidden/file; printf w | dd of=/dev/vdf conv=notrunc,fsync 2>/dev/null",
      "");
  server_expect (server, BOOT, "reboot", "ok");
  expect_disks ();
  expect_mounts ();
  expect_contents ("00iiwiiiii");
  guest_expect (server, "cat /mnt/test_vdb/file '/srv/small disk/file' /srv/hidden/file",
                "kept\nkept\nkept");
}

TEST (test_nothing_is_left)
{
  g_autofree char *path = g_steal_pointer (&directory);

  server_expect (server, A_WHILE, "close", "ok");
  server_expect (server, SOON, "quit", "ok");
  directory = g_strdup (path);
  expect_image_is_unchanged ();
  ck_assert_int_eq (server_wait (server, SOON, SOON), 0);
  g_clear_pointer (&server, server_free);
  g_clear_pointer (&directory, g_free);
  process_remove_tree (path);
}

void
suite_finish (void)
{
  server_free_all ();
}
