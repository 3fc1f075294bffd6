// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/path.h"

#include <check.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "suite.h"
#include "tree.h"

static char *before;
static char *base;

static char *
in_base (const char *name)
{
  return g_build_filename (base, name, NULL);
}

/* DIR/file and DIR/deep/er/file; DIR/link leads to DIR/deep/er. The shell's name for the current
 * directory is DIR/link. */
static void
setup (void)
{
  g_autofree char *deep = NULL;
  g_autofree char *link_path = NULL;

  before = g_get_current_dir ();
  base = g_dir_make_tmp ("vq-path-XXXXXX", NULL);
  ck_assert_ptr_nonnull (base);
  deep = in_base ("deep/er");
  link_path = in_base ("link");
  ck_assert_int_eq (g_mkdir_with_parents (deep, 0755), 0);
  ck_assert_int_eq (symlink ("deep/er", link_path), 0);
  ck_assert_int_eq (chdir (link_path), 0);
  g_setenv ("PWD", link_path, TRUE);
}

static void
teardown (void)
{
  ck_assert_int_eq (chdir (before), 0);
  g_setenv ("PWD", before, TRUE);
  tree_remove (base);
  g_clear_pointer (&base, g_free);
  g_clear_pointer (&before, g_free);
}

static const char *const names[] = { ".", "..", "../x", "../../link/../x", "link", "./..//x" };

CASE ("path", setup, teardown, 20)

/* Its absolute name leads to the same file. */
TEST_LOOP (same_file, 0, G_N_ELEMENTS (names))
{
  g_autofree char *file = in_base ("deep/x");
  g_autofree char *trap = in_base ("x"); /* where ".." leads in the shell's name */
  g_autofree char *absolute = NULL;
  struct stat st, same;

  ck_assert (g_file_set_contents (file, "right", -1, NULL));
  ck_assert (g_file_set_contents (trap, "wrong", -1, NULL));
  ck_assert_int_eq (symlink ("..", "link"), 0);
  absolute = vq_path_make_absolute (names[_i], NULL);
  ck_assert_int_eq (absolute[0], '/');
  ck_assert_int_eq (lstat (names[_i], &st), 0);
  ck_assert_int_eq (lstat (absolute, &same), 0);
  ck_assert_uint_eq (st.st_ino, same.st_ino);
}

TEST (absolute_stays)
{
  g_autofree char *absolute = vq_path_make_absolute ("/a/../b/.", NULL);

  ck_assert_str_eq (absolute, "/a/../b/.");
}

TEST (no_current_directory)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *gone = in_base ("gone");

  ck_assert_int_eq (g_mkdir (gone, 0755), 0);
  ck_assert_int_eq (chdir (gone), 0);
  ck_assert_int_eq (rmdir (gone), 0);
  ck_assert_ptr_null (vq_path_make_absolute ("x", &error));
  ck_assert (g_error_matches (error, VQ_ERROR, VQ_ERROR_USAGE));
  ck_assert (g_str_has_prefix (error->message, "the current directory has been removed, so "));
}

/* Where the cache is for a user who may write to none of the directories that begin with "no". */
static const struct
{
  const char *cache;
  gboolean is_used;
} caches[] = {
  { "yes", TRUE },     { "yes/a/b", TRUE },     { "no", FALSE },
  { "no/a/b", FALSE }, { "no/inner/a", FALSE },
};

/* So that they can be removed. */
static void
open_cache_parents (void)
{
  g_autofree char *inner = in_base ("no/inner");
  g_autofree char *no = in_base ("no");

  ck_assert_int_eq (chmod (no, 0755), 0);
  ck_assert_int_eq (chmod (inner, 0755), 0);
}

static void
make_cache_parents (void)
{
  g_autofree char *inner = in_base ("no/inner");
  g_autofree char *no = in_base ("no");
  g_autofree char *yes = in_base ("yes");

  ck_assert_int_eq (g_mkdir_with_parents (inner, 0755), 0);
  ck_assert_int_eq (g_mkdir (yes, 0755), 0);
  ck_assert_int_eq (chmod (yes, 0777), 0);
  ck_assert_int_eq (chmod (inner, 0555), 0);
  ck_assert_int_eq (chmod (no, 0555), 0);
  ck_assert_int_eq (chmod (base, 0755), 0);
}

TEST_LOOP (cache, 0, G_N_ELEMENTS (caches))
{
  g_autofree char *wanted = in_base (caches[_i].cache);
  g_autofree char *expected = NULL;
  g_autofree char *chosen = NULL;
  uid_t uid = geteuid ();

  make_cache_parents ();
  if (uid == 0)
    ck_assert_int_eq (seteuid (65534), 0);
  chosen = vq_path_choose_cache (wanted, "/var/tmp");
  expected = caches[_i].is_used ? g_build_filename (wanted, "virt-qemu", NULL)
                                : g_strdup_printf ("/var/tmp/virt-qemu-%u", (guint)geteuid ());
  ck_assert_int_eq (seteuid (uid), 0);
  open_cache_parents ();
  ck_assert_str_eq (chosen, expected);
}

/* Who names a directory gets that one, and hears it if it cannot be used, even if he is root. */
TEST (cache_that_is_named)
{
  g_autofree char *path = NULL;

  g_setenv ("XDG_CACHE_HOME", "/dev/null/cache", TRUE);
  path = vq_path_build_cache ();
  ck_assert_str_eq (path, "/dev/null/cache/virt-qemu");
}
