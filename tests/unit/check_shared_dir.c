// SPDX-License-Identifier: GPL-2.0-or-later
/* The guest's script runs on this machine, with programs of the test's own where it would do
 * something. */
#include "shared-dir.h"

#include <check.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "child.h"
#include "error.h"
#include "host-channel.h"
#include "leaks.h"
#include "suite.h"

#define PATIENCE 60 /* seconds */

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

START_TEST (good)
{
  static const struct
  {
    const char *text, *source, *destination;
    gboolean writable;
  } cases[] = {
    { "src=/a,dst=/b", "/a", "/b", FALSE },
    { "dst=/b,src=/a", "/a", "/b", FALSE },
    { "src=/a,dst=/b,rw", "/a", "/b", TRUE },
    { "rw,src=/a,dst=/b", "/a", "/b", TRUE },
    { "src=/a,rw,dst=/b", "/a", "/b", TRUE },
    { "src=/a,1,,2,dst=/b,rx", "/a,1,,2", "/b,rx", FALSE },
    { "src=/a=b c,dst=/b\"c", "/a=b c", "/b\"c", FALSE },
    { "src=/a/../c/,dst=/b/", "/c", "/b/", FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (VqSharedDir) dir = vq_shared_dir_parse (cases[i].text, &error);

      ck_assert_msg (dir != NULL, "%s: %s", cases[i].text, error != NULL ? error->message : "");
      ck_assert_str_eq (dir->source, cases[i].source);
      ck_assert_str_eq (dir->destination, cases[i].destination);
      ck_assert_int_eq (dir->writable, cases[i].writable);
    }
}
END_TEST

START_TEST (bad)
{
  static const struct
  {
    const char *text, *error;
  } cases[] = {
    { "", "it needs both" },
    { ",", "'' is none of src=PATH, dst=PATH, rw" },
    { "/a", "'/a' is none of" },
    { "ro,src=/a,dst=/b", "'ro' is none of" },
    { "src=/a,dst=/b,rw,ro", "'ro' is none of" },
    { "src=/a", "it needs both src=PATH and dst=PATH" },
    { "dst=/a,rw", "it needs both" },
    { "rw", "it needs both" },
    { "src=,dst=/b", "it needs both" },
    { "src=/a,dst=", "it needs both" },
    { "src=/a,src=/a,dst=/b", "src= is given twice" },
    { "src=/a,dst=/b,dst=/b", "dst= is given twice" },
    { "src=,src=/a,dst=/b", "src= is given twice" },
    { "src=/a,dst=/b,rw,rw", "rw is given twice" },
    { "src=/a,dst=b", "dst=b is no absolute path" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;

      ck_assert_ptr_null (vq_shared_dir_parse (cases[i].text, &error));
      ck_assert (g_error_matches (error, VQ_ERROR, VQ_ERROR_USAGE));
      ck_assert_msg (g_str_has_prefix (error->message, cases[i].error), "%s: %s", cases[i].text,
                     error->message);
    }
}
END_TEST

/* QEMU, and a plan, may have another current directory. */
START_TEST (relative_source)
{
  g_autoptr (VqSharedDir) dir = vq_shared_dir_parse ("src=sub,dst=/b", NULL);
  g_autofree char *here = g_get_current_dir ();
  g_autofree char *expected = g_build_filename (here, "sub", NULL);

  ck_assert_str_eq (dir->source, expected);
}
END_TEST

/* Gives the error for the source NAME below our directory, or "". */
static char *
check_source (const char *name)
{
  g_autofree char *text = g_strdup_printf ("src=%s/%s,dst=/b", directory, name);
  g_autoptr (VqSharedDir) dir = vq_shared_dir_parse (text, NULL);
  g_autoptr (GError) error = NULL;

  if (vq_shared_dir_check (dir, &error))
    return g_strdup ("");
  ck_assert (g_error_matches (error, VQ_ERROR, VQ_ERROR_USAGE));
  return g_strdup (error->message);
}

START_TEST (sources)
{
  static const struct
  {
    const char *name, *error;
  } cases[] = {
    { "directory", "" },
    { "link", "" },
    { "missing", "--shared-dir: there is no " },
    { "file", "--shared-dir: " },
    { "broken", "--shared-dir: there is no " },
  };
  g_autofree char *file = g_build_filename (directory, "file", NULL);
  g_autofree char *sub = g_build_filename (directory, "directory", NULL);
  g_autofree char *link = g_build_filename (directory, "link", NULL);
  g_autofree char *broken = g_build_filename (directory, "broken", NULL);

  ck_assert (g_file_set_contents (file, "x", 1, NULL));
  ck_assert_int_eq (g_mkdir (sub, 0700), 0);
  ck_assert_int_eq (symlink ("directory", link), 0);
  ck_assert_int_eq (symlink ("nothing", broken), 0);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *message = check_source (cases[i].name);

      ck_assert_msg (g_str_has_prefix (message, cases[i].error)
                         && (*message == '\0') == (*cases[i].error == '\0'),
                     "%s: %s", cases[i].name, message);
    }
  if (geteuid () == 0)
    return; /* root can read everything */
  ck_assert_int_eq (g_chmod (sub, 0), 0);
  g_free (file);
  file = check_source ("directory");
  ck_assert_ptr_nonnull (strstr (file, "Permission denied"));
  ck_assert_int_eq (g_chmod (sub, 0700), 0);
}
END_TEST

START_TEST (devices)
{
  static const struct
  {
    const char *text, *fsdev;
  } cases[] = {
    { "src=/a,dst=/b", "local,id=shared0,path=/a,security_model=none,multidevs=remap,readonly=on" },
    { "src=/a,dst=/b,rw", "local,id=shared1,path=/a,security_model=none,multidevs=remap" },
    { "src=/a,b,dst=/c,d",
      "local,id=shared2,path=/a,,b,security_model=none,multidevs=remap,readonly=on" },
    { "src=/a,readonly=off,dst=/b",
      "local,id=shared3,path=/a,,readonly=off,security_model=none,multidevs=remap,readonly=on" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (VqSharedDir) dir = vq_shared_dir_parse (cases[i].text, NULL);
      g_autofree char *fsdev = vq_shared_dir_build_fsdev (dir, i);
      g_autofree char *device = vq_shared_dir_build_device (i, "pci");
      g_autofree char *expected
          = g_strdup_printf ("virtio-9p-pci,fsdev=shared%u,mount_tag=shared%u", i, i);

      ck_assert_str_eq (fsdev, cases[i].fsdev);
      ck_assert_str_eq (device, expected);
    }
}
END_TEST

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
  return vq_shared_dir_mount_all (dirs, channel, vq_deadline_in (PATIENCE), NULL, error);
}

/* Each with its tag, at its place, which is made. */
START_TEST (mounts)
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
  expected = g_strdup_printf (
      "-t\n9p\n-o\nro,trans=virtio,version=9p2000.L,access=user,msize=512000\nshared0\n%s\n"
      "-t\n9p\n-o\nrw,trans=virtio,version=9p2000.L,access=user,msize=512000\nshared1\n%s\n",
      one, two);
  ck_assert (g_file_get_contents (log, &contents, NULL, NULL));
  ck_assert_str_eq (contents, expected);
  ck_assert (g_file_test (one, G_FILE_TEST_IS_DIR));
  ck_assert (g_file_test (two, G_FILE_TEST_IS_DIR));
}
END_TEST

START_TEST (nothing_to_mount)
{
  make_program ("mount", "exit 1\n");
  ck_assert (mount_all ((const char *[]){ NULL }, NULL));
}
END_TEST

static void
assert_one_line (const GError *error, const char *text)
{
  ck_assert_msg (strstr (error->message, text) != NULL, "%s", error->message);
  ck_assert_ptr_null (strchr (error->message, '\n'));
}

START_TEST (kernel_without_9p)
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
END_TEST

START_TEST (mount_fails)
{
  g_autoptr (GError) error = NULL;

  make_program ("grep", "exit 0\n");
  make_program ("mount", "echo 'mount: no such tag' >&2; exit 32\n");
  ck_assert (!mount_all ((const char *[]){ "one", "two", NULL }, &error));
  assert_one_line (error, "mount: no such tag");
  assert_one_line (error, "/one in the guest");
}
END_TEST

int
main (void)
{
  const TTest *const tests[] = { good,        bad,    relative_source,  sources,
                                 devices,     mounts, nothing_to_mount, kernel_without_9p,
                                 mount_fails, NULL };
  Suite *suite = suite_create ("shared-dir");

  suite_add_case (suite, "shared-dir", setup, teardown, 60, tests);
  return suite_run (suite);
}
