// SPDX-License-Identifier: GPL-2.0-or-later
/* The guest's script runs on this machine, in a root directory of its own and with programs that
 * only take notes. */
#include "guest/guest-grub.h"

#include <check.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "io/child.h"
#include "host-channel.h"
#include "leaks.h"
#include "suite.h"

#define PATIENCE 60 /* seconds */

static VqChannel *channel;
static char *root;
static char *path; /* of the environment */

static void
make_file (const char *name, const char *contents, int mode)
{
  g_autofree char *file = g_build_filename (root, name, NULL);
  g_autofree char *parent = g_path_get_dirname (file);

  ck_assert_int_eq (g_mkdir_with_parents (parent, 0700), 0);
  ck_assert (g_file_set_contents (file, contents, -1, NULL));
  ck_assert_int_eq (g_chmod (file, mode), 0);
}

/* A program that is found; whether this machine has one of the name is no matter. */
static void
make_program (const char *name, const char *script)
{
  g_autofree char *file = g_build_filename ("bin", name, NULL);
  g_autofree char *text = g_strdup_printf ("#!/bin/sh\nR='%s'\n%s", root, script);

  make_file (file, text, 0755);
}

static void
link_program (const char *name)
{
  g_autofree char *program = g_find_program_in_path (name);
  g_autofree char *link = g_build_filename (root, "bin", name, NULL);

  ck_assert_ptr_nonnull (program);
  ck_assert_int_eq (symlink (program, link), 0);
}

static void
setup (void)
{
  static const char *const programs[] = { "sh", "sed", "head", "cat" };
  g_autofree char *bin = NULL;

  signal (SIGPIPE, SIG_IGN);
  leaks_begin ();
  channel = host_channel_new ();
  root = g_dir_make_tmp ("vq-grub-XXXXXX", NULL);
  ck_assert_ptr_nonnull (root);
  path = g_strdup (g_getenv ("PATH"));
  bin = g_build_filename (root, "bin", NULL);
  ck_assert_int_eq (g_mkdir (bin, 0700), 0);
  for (guint i = 0; i < G_N_ELEMENTS (programs); i++)
    link_program (programs[i]);
  g_setenv ("PATH", bin, TRUE);
  make_program ("debconf-set-selections", "cat >$R/answers\n");
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

/* Asserts that the answers name DISK; NULL: that there are none. */
static void
assert_answers (const char *disk)
{
  g_autofree char *file = g_build_filename (root, "answers", NULL);
  g_autofree char *answers = NULL;
  g_autofree char *expected
      = g_strdup_printf ("grub-pc grub-pc/install_devices multiselect %s\n"
                         "grub-pc grub-pc/install_devices seen true\n"
                         "grub-pc grub-pc/install_devices_disks_changed multiselect %s\n"
                         "grub-pc grub-pc/install_devices_disks_changed seen true\n",
                         disk, disk);
  g_autoptr (GError) error = NULL;
  gboolean ok = vq_guest_grub_prepare (channel, root, vq_deadline_in (PATIENCE), NULL, &error);

  ck_assert_msg (ok, "%s", error != NULL ? error->message : "");
  g_file_get_contents (file, &answers, NULL, NULL);
  ck_assert_pstr_eq (answers, disk != NULL ? expected : NULL);
}

#define GRUB "usr/lib/grub/i386-pc/kernel.img"

CASE ("guest-grub", setup, teardown, 60)

TEST (no_grub)
{
  make_file ("dev/vda", "", 0600);
  make_file ("usr/lib/grub/x86_64-efi/kernel.img", "", 0600);
  make_program ("grub-mkdevicemap", "touch $R/answers\n");
  assert_answers (NULL);
}

TEST (by_the_map)
{
  make_file (GRUB, "", 0600);
  make_file ("dev/vda", "", 0600);
  make_program ("grub-mkdevicemap",
                "[ \"$*\" = '-m -' ] || { echo junk; exit; }\n"
                "printf '(fd0)\\t/dev/fd0\\n(hd0)\\t/dev/disk/by-id/one\\n(hd1)\\t/dev/vdb\\n'\n");
  assert_answers ("/dev/disk/by-id/one");
}

TEST (by_the_name)
{
  make_file (GRUB, "", 0600);
  make_file ("dev/sda", "", 0600);
  assert_answers ("/dev/sda");
  make_file ("dev/vda", "", 0600);
  assert_answers ("/dev/vda");
  make_program ("grub-mkdevicemap", "exit 1\n");
  assert_answers ("/dev/vda");
  make_program ("grub-mkdevicemap", "echo '(fd0) /dev/fd0'\n");
  assert_answers ("/dev/vda");
}

TEST (no_disk)
{
  make_file (GRUB, "", 0600);
  assert_answers (NULL);
}

/* A guest whose debconf does not work is a guest all the same. */
TEST (debconf_fails)
{
  make_file (GRUB, "", 0600);
  make_file ("dev/vda", "", 0600);
  make_program ("debconf-set-selections", "echo locked >&2; exit 1\n");
  assert_answers (NULL);
}

TEST (no_debconf)
{
  g_autofree char *program = g_build_filename (root, "bin/debconf-set-selections", NULL);

  ck_assert_int_eq (g_unlink (program), 0);
  make_file (GRUB, "", 0600);
  make_file ("dev/vda", "", 0600);
  assert_answers (NULL);
}
