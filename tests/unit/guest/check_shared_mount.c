// SPDX-License-Identifier: GPL-2.0-or-later
/* The guest's script runs on this machine, with programs of the test's own where it would do
 * something. */
#include "guest/shared-mount.h"

#include <check.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

#include "host-channel.h"
#include "io/child.h"
#include "leaks.h"
#include "plan/shared-dir.h"
#include "suite.h"

#define PATIENCE 60 /* seconds */
#define OPTIONS "trans=virtio,version=9p2000.L,access=user,msize=512000"

static char *directory;
static char *path; /* of the environment */

static void
setup (void)
{
  signal (SIGPIPE, SIG_IGN);
  leaks_begin ();
  directory = g_dir_make_tmp ("vq-shared-XXXXXX", NULL);
  ck_assert_ptr_nonnull (directory);
  path = g_strdup (g_getenv ("PATH"));
}

static void
teardown (void)
{
  const char *const argv[] = { "rm", "-rf", directory, NULL };

  g_setenv ("PATH", path, TRUE);
  ck_assert (vq_child_run (argv, NULL, NULL, vq_deadline_in (PATIENCE), NULL, NULL));
  g_clear_pointer (&directory, g_free);
  g_clear_pointer (&path, g_free);
  leaks_assert_none ();
}

/* A program in our directory, which comes first on PATH; it may say what it is called with. */
static void
make_program (const char *name, const char *script)
{
  g_autofree char *file = g_build_filename (directory, name, NULL);
  g_autofree char *new_path = g_strconcat (directory, ":", path, NULL);
  g_autofree char *text = g_strconcat ("#!/bin/sh\ncd \"$(dirname \"$0\")\"\n", script, NULL);

  ck_assert (g_file_set_contents (file, text, -1, NULL));
  ck_assert_int_eq (g_chmod (file, 0755), 0);
  g_setenv ("PATH", new_path, TRUE);
}

static gboolean
mount_all (const char *const *texts, GError **error)
{
  g_autoptr (GPtrArray) dirs = g_ptr_array_new_with_free_func ((GDestroyNotify)vq_shared_dir_free);
  g_autoptr (VqChannel) channel = host_channel_new ();

  for (; *texts != NULL; texts++)
    {
      g_autofree char *text = g_strdup_printf ("src=/a,dst=%s/%s", directory, *texts);

      g_ptr_array_add (dirs, vq_shared_dir_parse (text, NULL));
      ck_assert_ptr_nonnull (dirs->pdata[dirs->len - 1]);
    }
  return vq_shared_mount_all (dirs, channel, vq_deadline_in (PATIENCE), NULL, error);
}

CASE ("shared-mount", setup, teardown, 60)

/* Each with its tag, at its place, which is made. */
TEST (mounts)
{
  g_autofree char *log = g_build_filename (directory, "log", NULL);
  g_autofree char *expected = NULL;
  g_autofree char *contents = NULL;
  g_autofree char *one = g_build_filename (directory, "one/$(id) 'x", NULL);
  g_autofree char *two = g_build_filename (directory, "two", NULL);
  g_autoptr (GError) error = NULL;
  gboolean ok;

  make_program ("grep", "exit 0\n");
  make_program ("modprobe", "exit 1\n");
  make_program ("mount", "printf '%s\\n' \"$@\" >>log\n");
  ok = mount_all ((const char *[]){ "one/$(id) 'x", "two,rw", NULL }, &error);
  ck_assert_msg (ok, "%s", error != NULL ? error->message : "");
  expected = g_strdup_printf ("-t\n9p\n-o\nro," OPTIONS ",cache=none\nvq-shared0\n%s\n"
                              "-t\n9p\n-o\nrw," OPTIONS ",cache=mmap\nvq-shared1\n%s\n",
                              one, two);
  ck_assert (g_file_get_contents (log, &contents, NULL, NULL));
  ck_assert_str_eq (contents, expected);
  ck_assert (g_file_test (one, G_FILE_TEST_IS_DIR));
  ck_assert (g_file_test (two, G_FILE_TEST_IS_DIR));
}

TEST (nothing_to_mount)
{
  make_program ("mount", "exit 1\n");
  ck_assert (mount_all ((const char *[]){ NULL }, NULL));
}

static void
assert_one_line (const GError *error, const char *text)
{
  ck_assert_msg (strstr (error->message, text) != NULL, "%s", error->message);
  ck_assert_ptr_null (strchr (error->message, '\n'));
}

TEST (kernel_without_9p)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *start
      = g_strdup_printf ("--shared-dir: cannot mount %s/one in the guest: ", directory);

  make_program ("grep", "exit 1\n");
  make_program ("modprobe", "exit 1\n");
  make_program ("mount", "exit 0\n");
  ck_assert (!mount_all ((const char *[]){ "one", NULL }, &error));
  ck_assert (g_str_has_prefix (error->message, start));
  assert_one_line (error, "has no 9p file system");
}

TEST (mount_fails)
{
  g_autoptr (GError) error = NULL;

  make_program ("grep", "exit 0\n");
  make_program ("mount", "echo 'mount: no such tag' >&2; exit 32\n");
  ck_assert (!mount_all ((const char *[]){ "one", "two", NULL }, &error));
  assert_one_line (error, "mount: no such tag");
  assert_one_line (error, "/one in the guest");
}
