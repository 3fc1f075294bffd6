// SPDX-License-Identifier: GPL-2.0-or-later
/* The script runs on this host, with programs in place of those that need a disk. */
#include "guest/guest-disks.h"

#include <check.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>

#include "base/error.h"
#include "disk/disk.h"
#include "guest/guest-script.h"
#include "host-channel.h"
#include "leaks.h"
#include "suite.h"
#include "tree.h"

#define PATIENCE 60 /* seconds */

static char *directory; /* the root of the guest, with its programs in bin */
static char *old_path;

static void
put (const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (directory, name, NULL);
  g_autofree char *parent = g_path_get_dirname (path);

  ck_assert_int_eq (g_mkdir_with_parents (parent, 0755), 0);
  ck_assert (g_file_set_contents (path, text, -1, NULL));
  if (g_str_has_prefix (name, "bin/"))
    ck_assert_int_eq (g_chmod (path, 0755), 0);
}

/* A program NAME that writes to the log with what it is called. */
static void
put_program (const char *name)
{
  g_autofree char *path = g_build_filename ("bin", name, NULL);
  g_autofree char *text = g_strdup_printf ("#!/bin/sh\necho %s \"$@\" >>%s/log\n", name, directory);

  put (path, text);
}

static void
setup (void)
{
  g_autofree char *path = NULL;

  signal (SIGPIPE, SIG_IGN);
  leaks_begin ();
  directory = g_dir_make_tmp ("vq-guest-disks-XXXXXX", NULL);
  ck_assert_ptr_nonnull (directory);
  old_path = g_strdup (g_getenv ("PATH"));
  path = g_strdup_printf ("%s/bin:/usr/bin:/bin", directory);
  g_setenv ("PATH", path, TRUE);
  put ("proc/mounts", "/dev/vda1 / ext4 rw 0 0\n");
  put ("sys/block/vda/ro", "0\n");
  put ("sys/block/vdb/serial", "one");
  put ("sys/block/vdc/serial", "two");
  put_program ("mount");
  put_program ("udevadm");
}

static void
teardown (void)
{
  g_setenv ("PATH", old_path, TRUE);
  tree_remove (directory);
  g_clear_pointer (&directory, g_free);
  g_clear_pointer (&old_path, g_free);
  leaks_assert_none ();
}

/* The log, with "ROOT" for the directory. Transfer full. */
static char *
read_log (void)
{
  g_autofree char *path = g_build_filename (directory, "log", NULL);
  g_autofree char *text = NULL;
  g_auto (GStrv) parts = NULL;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return g_strdup ("");
  parts = g_strsplit (text, directory, -1);
  return g_strjoinv ("ROOT", parts);
}

static const char script[] =
#include "guest/set-up-disk.sh.inc"
    ;

/* The script for the disk "two" at /mnt/test_vdc; what it prints. NULL if it fails. */
static char *
run (const char *fs, const char *other, GError **error)
{
  const char *const arguments[] = { "two", "/mnt/test_vdc", "rw", fs, other, directory, NULL };
  g_autoptr (VqChannel) channel = host_channel_new ();
  char *out = NULL;

  return vq_guest_script_run (channel, script, arguments, &out, vq_deadline_in (PATIENCE), NULL,
                              "it fails", error)
             ? out
             : NULL;
}

static void
assert_run (const char *fs, const char *other, const char *made, const char *log)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *out = run (fs, other, &error);
  g_autofree char *done = NULL;

  ck_assert_msg (out != NULL, "%s", error != NULL ? error->message : "");
  ck_assert_str_eq (out, made);
  done = read_log ();
  ck_assert_str_eq (done, log);
}

#define MOUNT "mount -o rw ROOT/dev/vdc ROOT/mnt/test_vdc\n"

CASE ("guest disks", setup, teardown, 60)

TEST (empty)
{
  static const char zeros[4096];
  g_autofree char *device = g_build_filename (directory, "dev/vdc", NULL);
  g_autofree char *link = g_build_filename (directory, "mnt/test_c", NULL);
  g_autofree char *target = NULL;

  put ("dev/vdc", "");
  ck_assert (g_file_set_contents (device, zeros, sizeof zeros, NULL));
  put_program ("mkfs.xfs");
  assert_run ("xfs", "ext4", "xfs\n", "mkfs.xfs -q -K ROOT/dev/vdc\n" MOUNT);
  target = g_file_read_link (link, NULL);
  ck_assert_str_eq (target, "test_vdc");
}

TEST (something_is_on_it)
{
  put ("dev/vdc", "XFSB");
  put_program ("mkfs.xfs");
  assert_run ("xfs", "ext4", "", MOUNT);
}

/* An image is never formatted, even if it is empty. */
TEST (image)
{
  put ("dev/vdc", "");
  put_program ("mkfs.xfs");
  assert_run ("", "", "", MOUNT);
}

/* mount's own words are shown only if there is a file system. */
TEST (cannot_mount)
{
  static const struct
  {
    const char *blkid, *said;
  } cases[] = {
    { "echo TYPE=xfs", "bad superblock" },
    { "exit 127", "bad superblock" },
    { "exit 2", "there is no file system on the disk" },
    { "true", "there is no file system on the disk" },
  };

  put ("dev/vdc", "");
  put ("bin/mount", "#!/bin/sh\necho bad superblock >&2; exit 32\n");
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *blkid = g_strdup_printf ("#!/bin/sh\n%s\n", cases[i].blkid);

      put ("bin/blkid", blkid);
      ck_assert_ptr_null (run ("", "", &error));
      ck_assert_msg (strstr (error->message, cases[i].said) != NULL, "%s", error->message);
    }
}

TEST (mounted_already)
{
  g_autofree char *mounts
      = g_strdup_printf ("%s/dev/vdc1 /a ext4\n%s/dev/vdc /b xfs rw\n", directory, directory);

  put ("dev/vdc", "");
  put_program ("mkfs.xfs");
  put ("proc/mounts", mounts);
  assert_run ("xfs", "ext4", "", "");
}

TEST (other_file_systems)
{
  put ("dev/vdc", "");
  put_program ("mkfs.btrfs");
  put_program ("mkfs.odd");
  assert_run ("btrfs", "", "btrfs\n", "mkfs.btrfs -q -K ROOT/dev/vdc\n" MOUNT);
  assert_run ("odd", "", "odd\n",
              "mkfs.btrfs -q -K ROOT/dev/vdc\n" MOUNT "mkfs.odd ROOT/dev/vdc\n" MOUNT);
}

/* The host may have the usual ones. */
TEST (mkfs_is_missing)
{
  g_autoptr (GError) error = NULL;

  put ("dev/vdc", "");
  put_program ("mkfs.ext9");
  assert_run ("none", "ext9", "ext9\n", "mkfs.ext9 -q -E nodiscard ROOT/dev/vdc\n" MOUNT);
  ck_assert_ptr_null (run ("none", "", &error));
  ck_assert_ptr_nonnull (strstr (error->message, "there is no mkfs.none in the guest: install it"));
  ck_assert_ptr_null (strchr (error->message, '\n'));
}

/* It comes while the script waits. */
TEST (disk_comes_later)
{
  put ("dev/vdc", "XFSB");
  put ("sys/block/vdc/serial", "other");
  put ("bin/udevadm", "#!/bin/sh\necho \"$@\" >\"${0%bin/udevadm}\"log\n"
                      "printf two >\"${0%bin/udevadm}\"sys/block/vdc/serial\n");
  assert_run ("xfs", "", "", "wait --timeout=60 /dev/disk/by-id/virtio-two\n" MOUNT);
}

/* Those that are to be mounted; the error names the disk. */
TEST (disk_never_comes)
{
  VqDiskSpec block = { .name = (char *)"one", .type = VQ_DISK_BLOCK };
  VqDiskSpec other
      = { .name = (char *)"not there", .type = VQ_DISK_FILESYSTEM, .mount = (char *)"/mnt/x" };
  VqDisk disks[] = { { .spec = &block }, { .spec = &other } };
  g_autoptr (GPtrArray) array = g_ptr_array_new ();
  g_autoptr (VqChannel) channel = host_channel_new ();
  g_autoptr (GError) error = NULL;

  g_ptr_array_add (array, &disks[0]);
  ck_assert (vq_guest_disks_set_up (array, channel, vq_deadline_in (PATIENCE), NULL, NULL));
  g_ptr_array_add (array, &disks[1]);
  ck_assert (!vq_guest_disks_set_up (array, channel, vq_deadline_in (0.3), NULL, &error));
  ck_assert (vq_error_is_timeout (error));
  ck_assert_msg (
      g_str_has_prefix (error->message, "--disk: cannot mount not there at /mnt/x in the guest: "),
      "%s", error->message);
}
