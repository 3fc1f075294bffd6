// SPDX-License-Identifier: GPL-2.0-or-later
#include "io/new-file.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "leaks.h"
#include "suite.h"
#include "tree.h"

static char *base;
static char *directory; /* in it */
static char *victim;    /* beside the directory: stays as it is */

static char *
in (const char *name)
{
  return g_build_filename (directory, name, NULL);
}

static void
put (const char *path, const char *text, mode_t mode)
{
  ck_assert (g_file_set_contents (path, text, -1, NULL));
  ck_assert_int_eq (chmod (path, mode), 0);
}

static void
assert_file (const char *path, const char *expected, mode_t mode)
{
  g_autofree char *text = NULL;
  struct stat st;

  ck_assert_int_eq (lstat (path, &st), 0);
  ck_assert_msg (st.st_mode == (S_IFREG | mode), "%s: %o", path, st.st_mode);
  ck_assert (g_file_get_contents (path, &text, NULL, NULL));
  ck_assert_str_eq (text, expected);
}

static guint
count_names (void)
{
  g_autoptr (GDir) dir = g_dir_open (directory, 0, NULL);
  guint n = 0;

  while (g_dir_read_name (dir) != NULL)
    n++;
  return n;
}

static void
setup (void)
{
  leaks_begin ();
  umask (027);
  base = g_dir_make_tmp ("vq-new-file-XXXXXX", NULL);
  directory = g_build_filename (base, "directory", NULL);
  victim = g_build_filename (base, "victim", NULL);
  ck_assert_int_eq (mkdir (directory, 0700), 0);
  put (victim, "unharmed", 0604);
}

static void
teardown (void)
{
  assert_file (victim, "unharmed", 0604);
  tree_remove (base);
  g_clear_pointer (&base, g_free);
  g_clear_pointer (&directory, g_free);
  g_clear_pointer (&victim, g_free);
  leaks_assert_none ();
}

static VqNewFile *
begin (const char *path)
{
  g_autoptr (GError) error = NULL;
  VqNewFile *file = vq_new_file_open (path, &error);

  ck_assert_msg (file != NULL, "%s", error != NULL ? error->message : "");
  ck_assert_int_ne (fcntl (vq_new_file_get_fd (file), F_GETFD) & FD_CLOEXEC, 0);
  ck_assert_int_eq (write (vq_new_file_get_fd (file), "new", 3), 3);
  return file;
}

static void
commit (const char *path)
{
  g_autoptr (VqNewFile) file = begin (path);
  g_autoptr (GError) error = NULL;

  ck_assert_msg (vq_new_file_commit (file, &error), "%s", error != NULL ? error->message : "");
}

CASE ("new-file", setup, teardown, 60)

TEST (nothing_there)
{
  g_autofree char *longest = g_strnfill (NAME_MAX, 'n');
  const char *const names[] = { "plain", "-n", "\377\n", longest };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = in (names[i]);

      commit (path);
      assert_file (path, "new", 0640);
      ck_assert_uint_eq (count_names (), i + 1);
    }
}

TEST (relative_name)
{
  g_autofree char *path = in ("plain");
  g_autofree char *before = g_get_current_dir ();

  ck_assert_int_eq (chdir (directory), 0);
  commit ("plain");
  ck_assert_int_eq (chdir (before), 0);
  assert_file (path, "new", 0640);
}

/* It keeps its permissions, and another name of it its contents. */
TEST (plain_file_there)
{
  static const mode_t modes[] = { 0600, 0666, 0755, 0400 };
  g_autofree char *path = in ("plain");
  g_autofree char *other = in ("other");

  for (guint i = 0; i < G_N_ELEMENTS (modes); i++)
    {
      put (other, "old", modes[i]);
      ck_assert_int_eq (link (other, path), 0);
      commit (path);
      assert_file (path, "new", modes[i]);
      assert_file (other, "old", modes[i]);
      ck_assert_int_eq (unlink (path), 0);
    }
}

TEST (file_of_another_user)
{
  g_autofree char *path = in ("plain");

  if (geteuid () != 0)
    SKIP ("only root can do this");
  put (path, "old", 0666);
  ck_assert_int_eq (chown (path, 65534, 65534), 0);
  commit (path);
  assert_file (path, "new", 0640);
}

TEST (links_there)
{
  g_autofree char *path = in ("link");
  g_autofree char *missing = in ("missing");
  const char *const targets[] = { victim, "../victim", missing, "link" };

  for (guint i = 0; i < G_N_ELEMENTS (targets); i++)
    {
      ck_assert_int_eq (symlink (targets[i], path), 0);
      commit (path);
      assert_file (path, "new", 0640);
      ck_assert (!g_file_test (missing, G_FILE_TEST_EXISTS));
      ck_assert_int_eq (unlink (path), 0);
    }
  ck_assert_int_eq (link (victim, path), 0);
  commit (path);
}

TEST (what_is_no_file)
{
  static const struct
  {
    const char *name, *expected;
  } cases[] = {
    { "directory", "/directory is a directory" },
    { "to-directory", "/to-directory is a directory" },
    { ".", "/. is a directory" },
    { "fifo", "/fifo is not a plain file" },
    { "to-fifo", "/to-fifo is not a plain file" },
    { "to-null", "/to-null is not a plain file" },
    { "missing/file", "/missing/file: No such file or directory" },
    { "fifo/file", "/fifo/file: Not a directory" },
  };
  static const char *const links[] = { "directory", "fifo", "/dev/null" };
  static const char *const names[] = { "to-directory", "to-fifo", "to-null" };
  g_autofree char *made = in ("directory");
  g_autofree char *fifo = in ("fifo");

  ck_assert_int_eq (mkdir (made, 0700), 0);
  ck_assert_int_eq (mkfifo (fifo, 0600), 0);
  for (guint i = 0; i < G_N_ELEMENTS (links); i++)
    {
      g_autofree char *path = in (names[i]);

      ck_assert_int_eq (symlink (links[i], path), 0);
    }
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = in (cases[i].name);
      g_autoptr (GError) error = NULL;

      ck_assert_ptr_null (vq_new_file_open (path, &error));
      ck_assert_msg (g_str_has_suffix (error->message, cases[i].expected), "%s", error->message);
    }
  ck_assert_uint_eq (count_names (), 5);
}

TEST (devices)
{
  g_autoptr (VqNewFile) full = NULL;
  struct stat st;

  commit ("/dev/null");
  ck_assert_int_eq (lstat ("/dev/null", &st), 0);
  ck_assert (S_ISCHR (st.st_mode));
  full = vq_new_file_open ("/dev/full", NULL);
  ck_assert_ptr_nonnull (full);
  ck_assert_int_eq (write (vq_new_file_get_fd (full), "x", 1), -1);
  ck_assert_int_eq (errno, ENOSPC);
}

TEST (abandoned)
{
  g_autofree char *kept = in ("kept");
  g_autofree char *fresh = in ("fresh");

  put (kept, "old", 0644);
  vq_new_file_free (begin (kept));
  vq_new_file_free (begin (fresh));
  vq_new_file_free (NULL);
  assert_file (kept, "old", 0644);
  ck_assert_uint_eq (count_names (), 1);
}

TEST (directory_comes_in_between)
{
  g_autofree char *path = in ("plain");
  g_autoptr (VqNewFile) file = begin (path);
  g_autoptr (GError) error = NULL;

  ck_assert_int_eq (mkdir (path, 0700), 0);
  ck_assert (!vq_new_file_commit (file, &error));
  ck_assert_msg (g_str_has_suffix (error->message, "/plain: Is a directory"), "%s", error->message);
  g_clear_pointer (&file, vq_new_file_free);
  ck_assert_uint_eq (count_names (), 1);
}
