// SPDX-License-Identifier: GPL-2.0-or-later
/* The guest's scripts run on this machine, in a root directory of their own and with an udevadm
 * that only takes notes. */
#include "guest/baseimage.h"

#include <check.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "io/child.h"
#include "base/error.h"
#include "host-channel.h"
#include "leaks.h"
#include "suite.h"

#define PATIENCE 60 /* seconds */

static VqChannel *channel;
static char *root;
static char *path; /* of the environment */

static void
setup (void)
{
  signal (SIGPIPE, SIG_IGN);
  leaks_begin ();
  channel = host_channel_new ();
  root = g_dir_make_tmp ("vq-base-XXXXXX", NULL);
  ck_assert_ptr_nonnull (root);
  path = g_strdup (g_getenv ("PATH"));
}

static void
teardown (void)
{
  const char *const argv[] = { "rm", "-rf", root, NULL };

  g_setenv ("PATH", path, TRUE);
  g_clear_pointer (&channel, vq_channel_free);
  ck_assert (vq_child_run (argv, NULL, NULL, vq_deadline_in (PATIENCE), NULL, NULL));
  g_clear_pointer (&root, g_free);
  g_clear_pointer (&path, g_free);
  leaks_assert_none ();
}

static char *
in_root (const char *name)
{
  return g_build_filename (root, name, NULL);
}

static void
make_file (const char *name, const char *contents)
{
  g_autofree char *file = in_root (name);
  g_autofree char *parent = g_path_get_dirname (file);

  ck_assert_int_eq (g_mkdir_with_parents (parent, 0700), 0);
  ck_assert (g_file_set_contents (file, contents, -1, NULL));
}

static char *
read_file (const char *name)
{
  g_autofree char *file = in_root (name);
  char *contents = NULL;

  return g_file_get_contents (file, &contents, NULL, NULL) ? contents : g_strdup ("");
}

/* Notes in "log" what it is called with. */
static void
make_program (const char *name, const char *script)
{
  g_autofree char *text
      = g_strdup_printf ("#!/bin/sh\nR='%s'\necho \"$*\" >>$R/log\n%s", root, script);
  g_autofree char *bin = in_root ("bin");
  g_autofree char *relative = g_strconcat ("bin/", name, NULL);
  g_autofree char *program = in_root (relative);
  g_autofree char *new_path = g_strconcat (bin, ":", path, NULL);

  make_file (relative, text);
  ck_assert_int_eq (g_chmod (program, 0755), 0);
  g_setenv ("PATH", new_path, TRUE);
}

static void
make_udevadm (const char *script)
{
  make_program ("udevadm", script);
}

/* A PATH with what the scripts need, and without udevadm. */
static void
hide_udevadm (void)
{
  static const char *const names[] = { "sh", "cat", "ln", "mkdir", "sed", "sleep" };
  g_autofree char *bin = in_root ("bin");

  ck_assert_int_eq (g_mkdir (bin, 0700), 0);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *program = g_find_program_in_path (names[i]);
      g_autofree char *link = g_build_filename (bin, names[i], NULL);

      ck_assert_int_eq (symlink (program, link), 0);
    }
  g_setenv ("PATH", bin, TRUE);
}

#define RULES "run/udev/rules.d/61-virt-qemu-baseimage.rules"

CASE ("baseimage", setup, teardown, 60)

TEST (rules)
{
  static const char *const lines[] = {
    "\nATTRS{serial}!=\"BASEIMAGE\", GOTO=\"baseimage_end\"\n",
    "\nOPTIONS+=\"link_priority=-1024\"\n",
    "\nENV{ID_FS_TYPE}=\"\", ENV{ID_FS_USAGE}=\"\"\n",
    ", SYMLINK+=\"baseimage\", MODE=\"0664\"\n",
    "\nLABEL=\"baseimage_end\"\n",
  };
  g_autofree char *text = NULL;
  g_autofree char *log = NULL;

  make_udevadm ("");
  for (int i = 0; i < 2; i++) /* after a reboot they may even be there still */
    ck_assert (vq_baseimage_add_rules (channel, root, vq_deadline_in (PATIENCE), NULL, NULL));
  text = read_file (RULES);
  for (guint i = 0; i < G_N_ELEMENTS (lines); i++)
    ck_assert_msg (strstr (text, lines[i]) != NULL, "no %s in %s", lines[i], text);
  ck_assert_ptr_null (strchr (text, '@'));
  log = read_file ("log");
  ck_assert_str_eq (log, "control --reload\ncontrol --reload\n");
}

TEST (no_rules)
{
  g_autoptr (GError) error = NULL;

  make_udevadm ("");
  make_file ("run", "a file");
  ck_assert (!vq_baseimage_add_rules (channel, root, vq_deadline_in (PATIENCE), NULL, &error));
  ck_assert_msg (
      g_str_has_prefix (error->message, "--baseimage: cannot prepare the guest for it: "), "%s",
      error->message);
  ck_assert_ptr_null (strchr (error->message, '\n'));
}

/* New versions wait themselves, old ones do not know the word. */
TEST (wait_with_udev)
{
  static const char *const scripts[] = {
    "[ $1 != wait ] || touch $R/dev/baseimage\n",
    "[ $1 != wait ] || { { sleep 0.3; touch $R/dev/baseimage; } >/dev/null 2>&1 & exit 1; }\n"
  };

  for (guint i = 0; i < G_N_ELEMENTS (scripts); i++)
    {
      g_autofree char *log = NULL;
      g_autofree char *expected
          = g_strdup_printf ("wait --timeout=60 %s/dev/baseimage\nsettle\n", root);

      make_file ("log", "");
      make_file ("dev/baseimage", "");
      g_free (log);
      log = in_root ("dev/baseimage");
      ck_assert_int_eq (g_unlink (log), 0);
      make_udevadm (scripts[i]);
      ck_assert (vq_baseimage_wait (channel, root, vq_deadline_in (PATIENCE), NULL, NULL));
      ck_assert (g_file_test (log, G_FILE_TEST_EXISTS));
      g_free (log);
      log = read_file ("log");
      ck_assert_str_eq (log, expected);
    }
}

TEST (wait_in_vain)
{
  g_autoptr (GError) error = NULL;

  make_udevadm ("exit 1\n");
  ck_assert (!vq_baseimage_wait (channel, root, vq_deadline_in (0.5), NULL, &error));
  ck_assert (vq_error_is_timeout (error));
  ck_assert (g_str_has_prefix (error->message, "--baseimage: the guest does not find the disk: "));
}

/* Without udev: found by its serial number. */
TEST (without_udev)
{
  g_autofree char *link = in_root ("dev/baseimage");
  g_autofree char *rules_directory = in_root ("run");
  g_autofree char *target = NULL;

  make_file ("sys/block/vda/size", "1\n");
  make_file ("sys/block/vdb/serial", "OTHER\n");
  make_file ("sys/block/vdc/serial", "BASEIMAGE");
  make_file ("dev/vdc", "");
  hide_udevadm ();
  ck_assert (vq_baseimage_add_rules (channel, root, vq_deadline_in (PATIENCE), NULL, NULL));
  ck_assert (!g_file_test (rules_directory, G_FILE_TEST_EXISTS));
  for (int i = 0; i < 2; i++)
    ck_assert (vq_baseimage_wait (channel, root, vq_deadline_in (PATIENCE), NULL, NULL));
  target = g_file_read_link (link, NULL);
  ck_assert_pstr_eq (target, "vdc");
}

/* The partitions of the disk that LVM, mdadm and btrfs would find, and no others. */
TEST (forgotten_partitions)
{
  static const struct
  {
    const char *name, *type;
    gboolean forgotten;
  } parts[] = {
    { "vdc1", "vfat", FALSE },       { "vdc2", "ext4", FALSE },
    { "vdc3", "LVM2_member", TRUE }, { "vdc4", "linux_raid_member", TRUE },
    { "vdc15", "btrfs", TRUE },      { "vdc16", "", FALSE },
  };
  g_autofree char *log = NULL;

  make_file ("sys/block/vda/vda1/partition", "1\n");
  make_file ("dev/vda1", "LVM2_member");
  make_file ("sys/block/vdc/serial", "BASEIMAGE");
  make_file ("sys/block/vdc/vdc_no_partition/x", "");
  make_file ("dev/baseimage", "");
  make_udevadm ("");
  make_program ("blkid", "for last; do :; done; [ -s $last ] && cat $last\n");
  make_program ("partx", "exit 1\n");
  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    {
      g_autofree char *node = g_strconcat ("dev/", parts[i].name, NULL);
      g_autofree char *file = g_strdup_printf ("sys/block/vdc/%s/partition", parts[i].name);

      make_file (file, parts[i].name + strlen ("vdc"));
      make_file (node, parts[i].type);
    }
  make_file ("log", "");
  ck_assert (vq_baseimage_wait (channel, root, vq_deadline_in (PATIENCE), NULL, NULL));
  log = read_file ("log");
  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    {
      g_autofree char *line
          = g_strdup_printf ("-d --nr %s %s/dev/vdc\n", parts[i].name + strlen ("vdc"), root);

      ck_assert_msg ((strstr (log, line) != NULL) == parts[i].forgotten, "%s in %s", line, log);
    }
  ck_assert_ptr_null (strstr (log, "vda"));
}
