// SPDX-License-Identifier: GPL-2.0-or-later
/* Each test makes a tree of files with a copy of this very program in it, which is run there and
 * tells what it finds: check_programs find NAME, or check_programs find-helper ARCHITECTURE. */
#include "base/programs.h"

#include <check.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "io/child.h"
#include "leaks.h"
#include "suite.h"
#include "tree.h"

#define PATIENCE 60 /* seconds */

static char *directory;
static char *program;

static char *
put (const char *name, int mode)
{
  char *path = g_build_filename (directory, name, NULL);
  g_autofree char *parent = g_path_get_dirname (path);

  ck_assert_int_eq (g_mkdir_with_parents (parent, 0700), 0);
  ck_assert (g_file_set_contents (path, "", 0, NULL));
  ck_assert_int_eq (chmod (path, mode), 0);
  return path;
}

static void
setup (void)
{
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  const char *argv[] = { "cp", self, NULL, NULL };

  leaks_begin ();
  directory = g_dir_make_tmp ("vq-programs-XXXXXX", NULL);
  ck_assert_ptr_nonnull (directory);
  argv[2] = program = put ("bin/server", 0755);
  ck_assert (vq_child_run (argv, NULL, NULL, vq_deadline_in (PATIENCE), NULL, NULL));
}

static void
teardown (void)
{
  tree_remove (directory);
  g_clear_pointer (&directory, g_free);
  g_clear_pointer (&program, g_free);
  leaks_assert_none ();
}

static void
assert_finds (const char *what, const char *name, const char *expected)
{
  const char *const argv[] = { program, what, name, NULL };
  g_autoptr (GError) error = NULL;
  g_autofree char *out = NULL;

  ck_assert_msg (vq_child_run (argv, NULL, &out, vq_deadline_in (PATIENCE), NULL, &error), "%s",
                 error != NULL ? error->message : "");
  ck_assert_str_eq (out, expected);
}

CASE ("find", setup, teardown, 60)

TEST (beside)
{
  g_autofree char *installed = put ("libexec/virt-qemu/tool", 0755);
  g_autofree char *other = NULL;

  assert_finds ("find", "tool", installed);
  other = put ("bin/tool", 0755);
  assert_finds ("find", "tool", other);
}

TEST (not_executable)
{
  g_autofree char *other = put ("bin/tool", 0644);
  g_autofree char *installed = put ("libexec/virt-qemu/tool", 0755);

  assert_finds ("find", "tool", installed);
}

TEST (helper)
{
  g_autofree char *amd64 = put ("libexec/virt-qemu/guest-helper-amd64", 0755);
  g_autofree char *other = put ("share/virt-qemu/guest-helper-amd64", 0755);
  g_autofree char *arm64 = put ("share/virt-qemu/guest-helper-arm64", 0755);

  assert_finds ("find-helper", "amd64", amd64);
  assert_finds ("find-helper", "arm64", arm64);
}

static void
assert_misses (const char *what, const char *name, const char *message)
{
  const char *const argv[] = { program, what, name, NULL };
  g_autoptr (GError) error = NULL;

  ck_assert (!vq_child_run (argv, NULL, NULL, vq_deadline_in (PATIENCE), NULL, &error));
  ck_assert_msg (g_str_has_suffix (error->message, message), "%s", error->message);
}

TEST (missing)
{
  g_autofree char *elsewhere = put ("share/virt-qemu/tool", 0755);
  g_autofree char *message
      = g_strdup_printf ("%s/libexec/virt-qemu/tool is missing: this program is not installed "
                         "completely",
                         directory);

  assert_misses ("find", "tool", message);
}

TEST (missing_command)
{
  g_autofree char *message
      = g_strdup_printf ("there is no %s/bin/virt-qemu: install the package virt-qemu", directory);

  assert_misses ("find", "virt-qemu", message);
}

TEST (missing_helper)
{
  g_autofree char *amd64 = put ("libexec/virt-qemu/guest-helper-amd64", 0755);

  assert_misses ("find-helper", "s390x",
                 "there is no guest helper for s390x guests: install the package "
                 "virt-qemu-helpers, or run \"make helpers\" where this program was built");
}

/* What the copy of this program does. */
static int
tell (const char *what, const char *name)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = g_str_equal (what, "find") ? vq_programs_find (name, &error)
                                                     : vq_programs_find_helper (name, &error);

  if (path == NULL)
    {
      fprintf (stderr, "%s\n", error->message);
      return EXIT_FAILURE;
    }
  printf ("%s", path);
  return EXIT_SUCCESS;
}

int
suite_prepare (int argc, char **argv)
{
  return argc == 3 ? tell (argv[1], argv[2]) : -1;
}
